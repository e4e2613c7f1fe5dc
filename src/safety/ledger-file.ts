/**
 * ledger.jsonl as a file: a record is on disk before append returns, and a rewrite is whole or does not happen.
 * Authority: fsync(2), rename(2).
 */
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../kernel/kernel-file.js';
import { type LedgerRecord, type ParsedLedger, parseLedger } from './ledger-records.js';

function ledgerFile(directoryPath: string): string {
  return join(directoryPath, 'ledger.jsonl');
}

/** The records of a state directory; none where it changed nothing. */
export function readLedger(directoryPath: string): ParsedLedger {
  try {
    return parseLedger(readFileSync(ledgerFile(directoryPath), 'utf8'));
  } catch (error) {
    if (isMissing(error)) return { records: [], refused: [], wholeBytes: 0 };
    throw error;
  }
}

export function appendRecord(directoryPath: string, record: LedgerRecord): void {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const fd = openSync(ledgerFile(directoryPath), flags, 0o600);
  try {
    // A line that a crash cut short was never acted upon, and would spoil the one that follows it.
    const text = readFileSync(fd, 'utf8');
    if (text !== '' && !text.endsWith('\n')) ftruncateSync(fd, parseLedger(text).wholeBytes);
    writeSync(fd, `${JSON.stringify(record)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Puts these records in the place of all others; without any, the file goes. */
export function rewriteLedger(directoryPath: string, records: readonly LedgerRecord[]): void {
  const file = ledgerFile(directoryPath);
  if (records.length === 0) {
    rmSync(file, { force: true });
    return;
  }
  const temporary = `${file}.${process.pid}`;
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(fd, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
}
