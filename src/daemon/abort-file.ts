/**
 * The abort file of our own connection, opened while the connection is known to be ours.  A number looked up later
 * may be somebody else's: minors are given out again, but an open file never reaches another connection.
 * Authority: fs/fuse/control.c (fuse_conn_abort_write, fuse_ctl_remove_conn).
 */
import { errnoName } from '../base/errno.js';
import { StuckfsError } from '../base/errors.js';
import { fuseAbortPath } from '../kernel/fusectl.js';
import { close, OpenFlag, open, write } from '../syscall/file.js';

export class AbortFileError extends StuckfsError {
  override readonly code = 'ABORT_FILE';
}

export class AbortFile {
  private constructor(private fd: number) {}

  /** Right after the mount. @throws {AbortFileError} */
  static open(connection: number): AbortFile {
    const path = fuseAbortPath(connection);
    const fd = open(path, OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
    if (fd < 0) throw new AbortFileError(`${path} cannot be opened: ${errnoName(-fd)}`);
    return new AbortFile(fd);
  }

  /** Ends the connection; nothing happens where it has ended, or after `close`. */
  abort(): void {
    if (this.fd >= 0) write(this.fd, Buffer.from('1'));
  }

  /** An open file keeps fusectl from being unmounted. */
  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }
}
