/** Whether a directory can be served at all, told before it is: a UsageError says what is wrong with it. */
import { errnoName } from '../../base/errno.js';
import { UsageError } from '../../base/errors.js';
import { close, OpenFlag, open } from '../../syscall/file.js';
import { O_DIRECTORY, O_PATH, openBeneath } from '../../syscall/openat2.js';

/** Throws UsageError where a store over this directory could not be made. */
export function refuseUnservable(directory: string): void {
  close(openRoot(directory));
}

/** Also finds out whether this kernel, and what filters its system calls, knows openat2(2). */
export function openRoot(directory: string): number {
  const fd = open(directory, O_PATH | O_DIRECTORY | OpenFlag.O_CLOEXEC);
  if (fd < 0) throw unusable(directory, fd);
  const probe = openBeneath(fd, '.', OpenFlag.O_RDONLY | O_DIRECTORY | OpenFlag.O_CLOEXEC);
  if (probe >= 0) {
    close(probe);
    return fd;
  }
  close(fd);
  throw unusable(directory, probe);
}

export function unusable(directory: string, errno: number): UsageError {
  const name = errnoName(-errno);
  const remedy =
    name === 'ENOSYS'
      ? 'needs openat2(2), Linux 5.6 or later and not filtered by seccomp'
      : `cannot be served (${name}); give a directory that can be read`;
  return new UsageError('--backing', directory, remedy);
}
