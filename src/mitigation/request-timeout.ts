/**
 * `request-timeout`: the kernel ends the connection of a server that does not answer a request in time.  It looks every
 * 15 s (FUSE_TIMEOUT_TIMER_FREQ), and takes the limit from its sysctl when the server answers INIT: another server
 * that is mounted in that moment gets it, too.
 * Authority: fuse_check_timeout() in fs/fuse/dev.c, init_server_timeout() in fs/fuse/inode.c (6.15).
 */
import { readKernelFileIfPresent } from '../kernel/kernel-file.js';
import { sysctlPath } from '../kernel/sysctl.js';
import type { Mitigation } from './mitigation.js';

const sysctl = 'fs.fuse.default_request_timeout';
/** More than passes on a busy machine until the trigger waits, and little enough to wait for. */
const TIMEOUT_S = 20;

export const requestTimeout: Mitigation = {
  id: 'request-timeout',
  description: `${sysctl}: the kernel ends the connection of a server that is too late`,
  kernelFunction: 'fuse_check_timeout()',
  acts: 'before the mount',
  endsConnection: true,
  whileMounting: [[sysctl, `${TIMEOUT_S}`]],
  missing: () =>
    readKernelFileIfPresent(sysctlPath(sysctl)) === undefined
      ? `${sysctl} is not there: needs a kernel from 6.15 on`
      : undefined,
  act: ({ untilEnded }) => untilEnded(),
};
