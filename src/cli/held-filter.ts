/**
 * Options that say which held requests are meant, the same for `held` and `release`.
 */
import { UsageError } from '../base/errors.js';
import { UniqueText } from '../control/contract/scalars.js';
import { GlobSpec } from '../fault/fault.js';
import { parseOpcodeList } from '../fault/opcode-spec.js';
import type { OpcodeName } from '../protocol/opcode.js';
import { wholeNumber } from './option-values.js';

/** A glob over the path inside the mount, in normal form. */
export function readGlob(text: string): string {
  const result = GlobSpec.safeParse(text);
  if (result.success) return result.data;
  throw new UsageError('--path', text, result.error.issues[0]?.message ?? 'is not a glob');
}

/** Opcodes of one or more options, each of which may be a list. */
export function readOpcodes(texts: readonly string[]): OpcodeName[] {
  return [...new Set(texts.flatMap((text) => parseOpcodeList('--opcode', text)))];
}

export function readNodeid(text: string): number {
  return wholeNumber('--nodeid', text, { min: 1, max: Number.MAX_SAFE_INTEGER });
}

/** `unique` of a held request. */
export function readUnique(text: string): string {
  if (UniqueText.safeParse(text).success) return text;
  throw new UsageError('--unique', text, 'give a decimal number below 2^64, as stuckfs held shows it');
}
