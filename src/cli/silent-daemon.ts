/**
 * What to do about a daemon that does not answer: said to whoever wanted it to end.
 */
import { StuckfsError } from '../base/errors.js';
import { ControlError, type ControlErrorCode } from '../control/contract/errors.js';
import { mountPointNamed } from './daemon-target.js';

const silent: ReadonlySet<ControlErrorCode> = new Set(['NO_DAEMON', 'TIMEOUT', 'BAD_ANSWER']);

class SilentDaemonError extends StuckfsError {
  override readonly code = 'DAEMON_SILENT';
  override readonly exitStatus: number;

  constructor(mountPoint: string, cause: ControlError) {
    super(`${cause.message}; if it stays so, run stuckfs rescue --mount ${mountPoint}`, { cause });
    this.exitStatus = cause.exitStatus;
  }
}

/** The answer, or an error that points at the rescue when the daemon is dead or silent. */
export async function orRescue<T>(mountPoint: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ControlError) || !silent.has(error.code)) throw error;
    throw new SilentDaemonError(mountPointNamed(mountPoint, process.env), error);
  }
}
