/**
 * Checks one part of a request against its schema and says what is wrong with it in the sender's words.
 */
import type * as z from 'zod';
import { innermostIssue } from '../../base/complaint.js';
import { ControlError } from '../contract/errors.js';

/** The checked value; VALIDATION that names the first wrong field and tells of all of them. */
export function validate<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const findings = result.error.issues.map(innermostIssue).map((issue) => {
    // The path of an unknown key ends at the object that has it.
    const path =
      issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : [...issue.path];
    const message = issue.code === 'unrecognized_keys' ? 'is not a known field' : issue.message;
    return { field: spell(path), value: dig(input, path), message };
  });
  const message = findings.map((finding) => `${finding.field || 'body'}: ${finding.message}`).join('; ');
  const first = findings[0];
  throw new ControlError('VALIDATION', message, { field: first?.field || 'body', value: first?.value });
}

function spell(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

function dig(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
