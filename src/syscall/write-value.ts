/** One write(2) of a value to a file of the kernel's, as echo does it; the kernel may take its time over it. */
import { close, OpenFlag, open, write } from './file.js';

/** 0 or -errno. */
export function writeValue(path: string, value: string): number {
  const fd = open(path, OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
  if (fd < 0) return fd;
  const written = write(fd, Buffer.from(value));
  close(fd);
  return Math.min(written, 0);
}

/** 0 or -errno: whether it can be opened for that. Writes nothing. */
export function probeWritable(path: string): number {
  const fd = open(path, OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
  return fd < 0 ? fd : close(fd);
}
