/**
 * `kill-server`: SIGKILL of the daemon.  Its descriptors are closed with it: the last one of /dev/fuse ends the
 * connection, and its pipes give back the folios that they hold.
 * Authority: fuse_dev_release() in fs/fuse/dev.c.
 */
import { type Mitigation, nothingMissing, nowNs } from './mitigation.js';

export const killServer: Mitigation = {
  id: 'kill-server',
  description: 'SIGKILL of the server',
  kernelFunction: 'fuse_dev_release()',
  acts: 'once the trigger waits',
  endsConnection: true,
  missing: nothingMissing,
  async act(target) {
    const askedNs = nowNs();
    await target.killServer();
    return askedNs;
  },
};
