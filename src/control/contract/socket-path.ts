/**
 * The rule that a control socket's path keeps at both ends.
 * The authority is struct sockaddr_un (include/uapi/linux/un.h): sun_path has UNIX_PATH_MAX = 108 bytes, the
 * last of which is the NUL.
 */
import { UsageError } from '../../base/errors.js';

const maxPathBytes = 107;

/** The field that a wrong path is reported under, whichever end finds it. */
export const socketField = '--socket';

/** Throws UsageError for a path that no unix socket can have. */
export function checkSocketPath(socketPath: string): void {
  if (socketPath === '') throw new UsageError(socketField, socketPath, 'give the path of a unix socket');
  if (socketPath.includes('\0'))
    throw new UsageError(socketField, socketPath, 'a path cannot contain a NUL byte');
  const bytes = Buffer.byteLength(socketPath);
  if (bytes > maxPathBytes) {
    throw new UsageError(
      socketField,
      socketPath,
      `the path of a unix socket has at most ${maxPathBytes} bytes and this one has ${bytes}`,
    );
  }
}
