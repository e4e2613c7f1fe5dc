/**
 * Who else below the same state root has changed a file or mounted something, and has not undone it yet.
 * Reads ledgers only.
 */

import { join } from 'node:path';
import { readLedger } from './ledger-file.js';
import type { LedgerRecord } from './ledger-records.js';
import { isProcessRunning } from './process-condition.js';
import { listStateNames, parseStateName, type StateDirectory } from './state-directory.js';

/** One ledger's view of one file. */
export interface ValueClaim {
  /** From before that ledger's first change. */
  readonly old: string;
  /** What the file shows since its last change. */
  readonly value: string;
  /** When that was, CLOCK_MONOTONIC. */
  readonly at: number;
  readonly ino?: number;
  /** Is written to get `old`. */
  readonly putBackWith?: string;
  /** Whether the process that the ledger belongs to still runs, and so still wants its value. */
  readonly isAlive: boolean;
}

/** What these records, of one ledger, say about a file; undefined where they do not name it. */
export function claimOn(
  records: readonly LedgerRecord[],
  path: string,
  isAlive: boolean,
): ValueClaim | undefined {
  let claim: ValueClaim | undefined;
  for (const record of records) {
    if (record.kind === 'file' && record.path === path) {
      const { putBackWith } = claim ?? record;
      claim = {
        old: claim?.old ?? record.old,
        value: record.new,
        at: record.at,
        isAlive,
        ...(record.ino === undefined ? {} : { ino: record.ino }),
        ...(putBackWith === undefined ? {} : { putBackWith }),
      };
    } else if (record.kind === 'effective' && record.path === path && claim !== undefined) {
      claim = { ...claim, value: record.value };
    }
  }
  return claim;
}

/** The claims of all other ledgers on a file, the latest first. */
export function otherClaims(ours: StateDirectory, path: string): ValueClaim[] {
  return otherLedgers(ours)
    .map(({ records, isAlive }) => claimOn(records, path, isAlive))
    .filter((claim) => claim !== undefined)
    .sort((a, b) => b.at - a.at);
}

/** Whether another process that still runs counts on what is mounted at `target`. */
export function isMountWanted(ours: StateDirectory, target: string): boolean {
  return otherLedgers(ours).some(
    ({ records, isAlive }) =>
      isAlive && records.some((record) => record.kind === 'mount' && record.target === target),
  );
}

function otherLedgers(ours: StateDirectory): { records: readonly LedgerRecord[]; isAlive: boolean }[] {
  return listStateNames(ours.root)
    .filter((name) => name !== ours.name)
    .map((name) => ({
      records: readLedger(join(ours.root, name)).records,
      isAlive: isProcessRunning(parseStateName(name)),
    }));
}
