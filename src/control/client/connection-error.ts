/** What became of a connection to a daemon's socket, as a ControlError that says what a user can do about it. */
import { describeField } from '../../base/errors.js';
import { ControlError, type ControlErrorCode } from '../contract/errors.js';

/** NO_DAEMON, ACCESS_DENIED, or BAD_ANSWER where it broke off. */
export function connectionError(socketPath: string, cause: NodeJS.ErrnoException): ControlError {
  const field = '--socket';
  const because = (code: ControlErrorCode, remedy: string) =>
    new ControlError(code, describeField(field, socketPath, remedy), { field, value: socketPath, cause });
  switch (cause.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return because(
        'NO_DAEMON',
        `there is no such socket; is a stuckfs daemon running, and with this --socket?`,
      );
    case 'ECONNREFUSED':
      return because(
        'NO_DAEMON',
        `nobody listens; the daemon ended without removing its socket, or this is not a socket`,
      );
    case 'EACCES':
    case 'EPERM':
      return because(
        'ACCESS_DENIED',
        `permission denied; only the user that runs the daemon, and root, may use its socket`,
      );
    default:
      return because('BAD_ANSWER', `the answer broke off: ${cause.message}`);
  }
}
