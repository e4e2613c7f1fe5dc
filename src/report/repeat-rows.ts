/** The rows of a table of arms that were played several times: how often which outcome, and the spread of the times. */
import { repeatsText } from './repeats.js';
import type { Repeats, Spread } from './run-json.js';

export const repeatHead = ['scenario', 'trigger', 'arm', 'runs', 'outcomes', 'trigger ms', 'stall ms'];

/** @param arm as people read it */
export function repeatRow(one: Repeats, arm: string): string[] {
  const { scenario, trigger, runs, triggerMs, stallMs } = one;
  return [scenario, trigger, arm, `${runs}`, repeatsText(one), spreadText(triggerMs), spreadText(stallMs)];
}

/** `143..151..168`: least, median, most. */
export function spreadText(spread: Spread | null): string {
  if (spread === null) return '-';
  return [spread.min, spread.median, spread.max].map((ms) => ms.toFixed(0)).join('..');
}
