/**
 * A fault as words ("hold WRITE path=/a/** range=0-1048576 nth=3"), and back: what `stuckfs fault list` prints,
 * `stuckfs fault add` takes.
 */
import { UsageError } from '../base/errors.js';
import { parseSize } from '../base/size.js';
import { actionFromWords, actionToWords, actionTypes, nrActionWords } from './actions.js';
import { checkFault } from './check-fault.js';
import type { Fault, Match } from './fault.js';
import { parseOpcodeList, shortOpcode } from './opcode-spec.js';

type Range = NonNullable<Match['range']>;

const anyOpcode = 'any';

/** The words of a fault: action, its arguments, opcodes, then `name=value` for each further condition. */
export function faultToWords(fault: Fault): string[] {
  const { opcodes, path, nodeid, range, nth, every, probability } = fault.match;
  const conditions = {
    path,
    nodeid,
    range: range && `${range.start}-${range.end ?? ''}`,
    nth,
    every,
    probability,
  };
  return [
    ...actionToWords(fault.action),
    opcodes?.map(shortOpcode).join(',') ?? anyOpcode,
    ...Object.entries(conditions).flatMap(([name, value]) => (value === undefined ? [] : `${name}=${value}`)),
  ];
}

/** One line of text; a word with blanks or quotes in it is written as JSON writes it. */
export function describeFault(fault: Fault): string {
  return faultToWords(fault)
    .map((word) => (/^[\x21\x23-\x26\x28-\x7e]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');
}

/** Bytes [start, end) of "0-1M", or from start on of "4K-".  Throws UsageError. */
export function parseRange(field: string, text: string): Range {
  const [start, end, ...more] = text.split('-');
  if (start === undefined || end === undefined || more.length > 0)
    throw new UsageError(field, text, 'give the first byte and the one after the last, as in 0-1M, or 4K-');
  const range = { start: parseSize(field, start) };
  if (end === '') return range;
  const endBytes = parseSize(field, end);
  if (endBytes <= range.start) throw new UsageError(field, text, 'the end must be above the start');
  return { ...range, end: endBytes };
}

function parseNumber(field: string, text: string): number {
  if (!/^\d+(?:\.\d+)?(?:e-\d+)?$/.test(text))
    throw new UsageError(field, text, 'give a number, not below 0');
  return Number(text);
}

const conditionParsers: Readonly<Record<string, (field: string, text: string) => unknown>> = {
  path: (_field, text) => text,
  nodeid: parseNumber,
  range: parseRange,
  nth: parseNumber,
  every: parseNumber,
  probability: parseNumber,
};

/**
 * A checked fault of words such as ["hold", "write,read", "path=/a/**", "range=0-1M", "nth=3"] or
 * ["delay", "fixed:100ms", "write"].  Without opcodes, or with "any", it matches all.  Throws UsageError.
 */
export function parseFaultWords(words: readonly string[]): Fault {
  const type = actionTypes.find((known) => known === words[0]?.toLowerCase());
  if (type === undefined)
    throw new UsageError('fault', words[0], `give an action first: ${actionTypes.join(', ')}`);
  const firstCondition = 1 + nrActionWords(type);
  const match: Record<string, unknown> = {};
  const given = new Set<string>();
  const put = (name: string, value: unknown, word: string): void => {
    if (given.has(name)) throw new UsageError(name, word, 'is given twice; give it once');
    given.add(name);
    if (value !== undefined) match[name] = value;
  };
  const action = actionFromWords(type, words.slice(1, firstCondition));
  for (const word of words.slice(firstCondition)) {
    const equals = word.indexOf('=');
    if (equals < 0) {
      put('opcodes', word.toLowerCase() === anyOpcode ? undefined : parseOpcodeList('opcodes', word), word);
      continue;
    }
    const name = word.slice(0, equals);
    const parse = Object.hasOwn(conditionParsers, name) ? conditionParsers[name] : undefined;
    if (parse === undefined)
      throw new UsageError(
        name,
        word,
        `is not a condition; known: ${Object.keys(conditionParsers).join(', ')}`,
      );
    put(name, parse(name, word.slice(equals + 1)), word);
  }
  return checkFault({ match, action });
}
