/**
 * `--splice`, `--splice-source` and `--max-pins` of `stuckfs mount`, as the daemon's configuration.
 */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../base/errors.js';
import type { DaemonConfigInput } from '../daemon/config.js';
import { errnoOf } from '../kernel/kernel-file.js';
import { checkOutsideMounts } from './mount-point.js';
import { ifGiven, wholeNumber } from './option-values.js';

type Splice = NonNullable<DaemonConfigInput['splice']>;

export interface SpliceWords {
  readonly splice: readonly string[] | undefined;
  readonly spliceSource: string | undefined;
  readonly maxPins: string | undefined;
}

const words = ['read', 'write', 'write-copy'];
const mostPins = 1_000_000;

export function spliceOf({ splice, spliceSource, maxPins }: SpliceWords): Splice {
  const given = new Set((splice ?? []).flatMap((text) => text.split(',')));
  for (const word of given) {
    if (!words.includes(word))
      throw new UsageError('--splice', word, `give ${words.join(', ')}, or two of them`);
  }
  const read = given.has('read');
  const isMoved = given.has('write');
  const isCopied = given.has('write-copy');
  if (isMoved && isCopied) {
    throw new UsageError('--splice', 'write,write-copy', 'give one: with SPLICE_F_MOVE, or without');
  }
  if (maxPins !== undefined && !read) {
    throw new UsageError('--max-pins', maxPins, 'goes with --splice read only');
  }
  if (spliceSource !== undefined && !isMoved && !isCopied) {
    throw new UsageError('--splice-source', spliceSource, 'goes with --splice write or write-copy only');
  }
  const pins = ifGiven(maxPins, (text) => wholeNumber('--max-pins', text, { min: 1, max: mostPins }));
  const source = ifGiven(spliceSource, readSource);
  return {
    read,
    write: isMoved ? 'move' : isCopied ? 'copy' : 'none',
    ...(pins === undefined ? {} : { maxPins: pins }),
    ...(source === undefined ? {} : { source }),
  };
}

/** Undefined for `pipe`; else an existing directory, which is none of ours. */
function readSource(text: string): string | undefined {
  if (text === 'pipe') return undefined;
  const path = text === '' ? '' : dirname(checkOutsideMounts('--splice-source', join(text, 'scratch')));
  const remedy = 'give pipe, or a directory on a filesystem with a page cache of its own';
  try {
    if (statSync(path).isDirectory()) return path;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  throw new UsageError('--splice-source', text, `is not a directory; ${remedy}`);
}
