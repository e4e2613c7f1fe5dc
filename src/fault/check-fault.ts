/**
 * Turns unchecked input into a fault, or into one line that says what to mend: the JSON path of the field, its
 * value, and what would be right.
 */
import type { z } from 'zod';
import { UsageError } from '../base/errors.js';
import { type Fault, FaultSpec } from './fault.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** The normal form of `input`; throws UsageError on the first thing that is wrong with it. */
export function checkFault(input: unknown): Fault {
  const result = FaultSpec.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw new UsageError('fault', printable(input), result.error.message);
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  const value = valueAt(input, path);
  throw new UsageError(jsonPath(path), printable(value), remedy(issue, value), { cause: result.error });
}

function jsonPath(path: Path): string {
  if (path.length === 0) return 'fault';
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`))
    .join('');
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

/** A value that JSON can show: NaN and the infinities would come out as null, and a cycle would throw. */
function printable(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value;
  try {
    const json = JSON.stringify(value);
    return json === undefined || json.length > 200 ? kindOf(value) : value;
  } catch {
    return kindOf(value);
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return `${typeof value === 'object' ? 'an object' : `a ${typeof value}`}`;
}

const nameOfType: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  array: 'a list',
  object: 'an object',
};

function remedy(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = nameOfType[issue.expected] ?? issue.expected;
      return value === undefined ? `is required: give ${wanted}` : `give ${wanted}`;
    }
    case 'too_small':
      return `give ${bound(issue.minimum, issue.inclusive ?? true, 'at least', 'more than')}${itemsOf(issue.origin)}`;
    case 'too_big':
      return `give ${bound(issue.maximum, issue.inclusive ?? true, 'at most', 'less than')}${itemsOf(issue.origin)}`;
    case 'invalid_union':
      return `give one of ${('options' in issue ? (issue.options ?? []) : []).map(String).join(', ')}`;
    default:
      return issue.message;
  }
}

function bound(limit: number | bigint, inclusive: boolean, within: string, beyond: string): string {
  return `${inclusive ? within : beyond} ${limit}`;
}

function itemsOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' of them' : '';
}
