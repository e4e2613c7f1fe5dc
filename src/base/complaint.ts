/**
 * What a schema has against an input, in the words of whoever gave it: the JSON path of the field, its value, and
 * what would be right.  Of several complaints the first counts.
 */
import type * as z from 'zod';
import { UsageError } from './errors.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

export interface Complaint {
  readonly path: Path;
  /** As JSON can show it. */
  readonly value: unknown;
  readonly remedy: string;
}

/** @param input what the schema was given */
export function complaintOf(error: z.ZodError, input: unknown): Complaint {
  const [issue] = error.issues;
  if (issue === undefined) return { path: [], value: printable(input), remedy: error.message };
  const inner = innermostIssue(issue);
  const own = inner.code === 'unrecognized_keys' ? [...inner.path, inner.keys[0] ?? ''] : inner.path;
  const path = reachable(input, own);
  const value = path.reduce<unknown>(member, input);
  return { path, value: printable(value), remedy: remedy(inner, value) };
}

/** @param root what the whole is called */
export function usageErrorOf(error: z.ZodError, input: unknown, root: string): UsageError {
  const { path, value, remedy } = complaintOf(error, input);
  return new UsageError(jsonPath(path, root), value, remedy, { cause: error });
}

/** Of a union: what the branch says that takes such a value at all, under the path from the root. */
export function innermostIssue(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.map(([first]) => first).find((first) => first !== undefined && isWithin(first));
  return inner === undefined ? issue : innermostIssue({ ...inner, path: [...issue.path, ...inner.path] });
}

function isWithin({ code, path }: Issue): boolean {
  return path.length > 0 || code === 'unrecognized_keys' || code === 'custom';
}

/** `phases[0].name`. */
export function jsonPath(path: Path, root: string): string {
  if (path.length === 0) return root;
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`))
    .join('');
}

/** The path as far as the input goes: the shape that a text stands for is not in it. */
function reachable(input: unknown, path: Path): Path {
  let value = input;
  for (const [index, step] of path.entries()) {
    if (typeof value === 'string') return path.slice(0, index);
    value = member(value, step);
  }
  return path;
}

function member(value: unknown, step: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
  return (value as Record<PropertyKey, unknown>)[step];
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
  boolean: 'true or false',
};

function remedy(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = ownWords(issue) ?? `give ${nameOfType[issue.expected] ?? issue.expected}`;
      return value === undefined ? `is required: ${wanted}` : wanted;
    }
    case 'too_small':
      return `give ${bound(issue.minimum, issue.inclusive ?? true, 'at least', 'more than')}${itemsOf(issue.origin)}`;
    case 'too_big':
      return (
        ownWords(issue) ??
        `give ${bound(issue.maximum, issue.inclusive ?? true, 'at most', 'less than')}${itemsOf(issue.origin)}`
      );
    case 'invalid_union':
      return 'options' in issue && issue.options !== undefined ? oneOf(issue.options) : issue.message;
    case 'invalid_value':
      return ownWords(issue) ?? oneOf(issue.values);
    default:
      return issue.message;
  }
}

/** What the schema says in its own words, where it does. */
function ownWords({ message }: Issue): string | undefined {
  return /^(?:Invalid|Too) /.test(message) ? undefined : message;
}

function oneOf(values: readonly unknown[]): string {
  return `give one of ${values.map(String).join(', ')}`;
}

function bound(limit: number | bigint, inclusive: boolean, within: string, beyond: string): string {
  return `${inclusive ? within : beyond} ${limit}`;
}

function itemsOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' of them' : '';
}
