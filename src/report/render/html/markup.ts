/**
 * HTML in which text cannot become markup: `html` escapes whatever is put into it that is not Markup itself.  Values
 * of attributes must stand in double quotes.
 */
import { escaped } from '../markup.js';

export class Markup {
  /** @param text of our own making; never of a run directory */
  constructor(readonly text: string) {}
}

type Value = string | number | Markup | readonly Markup[];

export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(strings.map((text, index) => text + inserted(values[index] ?? '')).join(''));
}

export const nothing = new Markup('');

/** Each on a line of its own, as in <pre>. */
export function lines(texts: readonly string[]): Markup {
  return new Markup(texts.map(escaped).join('\n'));
}

function inserted(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return escaped(`${value}`);
}
