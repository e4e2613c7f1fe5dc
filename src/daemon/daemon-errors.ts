/** What a daemon's start and end may fail with, beyond what the rooms below it throw. */
import { constants } from 'node:os';
import { StuckfsError } from '../base/errors.js';

export class DaemonStartError extends StuckfsError {
  override readonly code = 'DAEMON_START';
}

/** A step of the end has failed; the others are taken all the same. */
export class DaemonStopError extends StuckfsError {
  override readonly code = 'DAEMON_STOP';
}

export class InterruptedStartError extends StuckfsError {
  override readonly code = 'DAEMON_INTERRUPTED';
  override readonly exitStatus: number;

  constructor(signal: NodeJS.Signals) {
    super(`${signal} came before the mount was ready; it was undone`);
    this.exitStatus = 128 + constants.signals[signal];
  }
}
