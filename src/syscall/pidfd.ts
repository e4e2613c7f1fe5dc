/** pidfd_open(2) and pidfd_getfd(2) (5.6): an open file of another process, without opening it once more. */
import { close } from './file.js';
import { declare, orErrno } from './libc.js';
import { NR_PIDFD_GETFD, NR_PIDFD_OPEN } from './raw.js';

const cPidfdOpen = declare<(nr: number, pid: number, flags: number) => number>(
  'int64_t syscall(int64_t nr, int64_t pid, uint64_t flags)',
);
const cPidfdGetfd = declare<(nr: number, pidfd: number, fd: number, flags: number) => number>(
  'int64_t syscall(int64_t nr, int64_t pidfd, int64_t fd, uint64_t flags)',
);

/** A descriptor of the open file that `pid` has as `fd`; or -errno. Wants PTRACE_MODE_ATTACH. */
export function descriptorOf(pid: number, fd: number): number {
  const pidfd = orErrno(cPidfdOpen(NR_PIDFD_OPEN, pid, 0));
  if (pidfd < 0) return pidfd;
  const descriptor = orErrno(cPidfdGetfd(NR_PIDFD_GETFD, pidfd, fd, 0));
  close(pidfd);
  return descriptor;
}
