/**
 * `abort`: the connection is ended through fusectl.  Every request that is out fails, and so does every later one; the
 * server lives on, with whatever it has in its pipes.
 * Authority: fuse_conn_abort_write() in fs/fuse/control.c, fuse_abort_conn() in fs/fuse/dev.c.
 */
import { errnoName } from '../base/errno.js';
import { StuckfsError } from '../base/errors.js';
import { findFusectlMount, fuseAbortPath } from '../kernel/fusectl.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { close, OpenFlag, open, write } from '../syscall/file.js';
import { type Mitigation, nowNs } from './mitigation.js';

class AbortRefusedError extends StuckfsError {
  override readonly code = 'ABORT_REFUSED';
}

export const abort: Mitigation = {
  id: 'abort',
  description: 'write to the abort file of the connection (fusectl)',
  kernelFunction: 'fuse_conn_abort_write()',
  acts: 'once the trigger waits',
  endsConnection: true,
  missing: () =>
    findFusectlMount(readMountinfo()) === undefined && process.getuid?.() !== 0
      ? 'fusectl is not mounted, and only root can mount it'
      : undefined,
  async act({ connection }) {
    const path = fuseAbortPath(connection);
    const fd = open(path, OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
    if (fd < 0) throw new AbortRefusedError(`${path}: ${errnoName(-fd)}`);
    const askedNs = nowNs();
    const written = write(fd, Buffer.from('1'));
    close(fd);
    if (written < 0) throw new AbortRefusedError(`${path}: ${errnoName(-written)}`);
    return askedNs;
  },
};
