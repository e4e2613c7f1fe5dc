/** The daemon's first and only word to whoever started it, on the descriptor that was given for it. */
import { closeSync, writeSync } from 'node:fs';
import { StuckfsError } from '../base/errors.js';
import type { DaemonConfig, DaemonReady, DaemonRefused } from './config.js';

export function tellReady(
  { readyFd }: Pick<DaemonConfig, 'readyFd'>,
  said: DaemonReady | DaemonRefused,
): void {
  if (readyFd === undefined) return;
  try {
    writeSync(readyFd, `${JSON.stringify(said)}\n`);
    closeSync(readyFd);
  } catch {
    // Whoever waited for it is gone; the mount is up all the same.
  }
}

export function refusal(error: unknown): DaemonRefused {
  const exitStatus = error instanceof StuckfsError ? error.exitStatus : 1;
  return { error: { message: (error as Error).message, exitStatus } };
}
