/** getdents64(2): the names in an open directory. Authority: struct linux_dirent64 of include/linux/dirent.h. */
import { declare, orErrno } from './libc.js';
import { callNumber } from './raw.js';

const cGetdents64 = declare<(nr: number, fd: number, into: Uint8Array, size: number) => number>(
  'int64_t syscall(int64_t nr, int64_t fd, void *into, size_t size)',
);

const NR_GETDENTS64 = callNumber('getdents64');
const RECLEN_OFFSET = 16;
const NAME_OFFSET = 19;
const buffer = Buffer.alloc(65_536);

/** The names that follow in a directory opened for reading, "." and ".." among them; none at the end; or -errno. */
export function nextNames(fd: number): string[] | number {
  const length = orErrno(cGetdents64(NR_GETDENTS64, fd, buffer, buffer.length));
  if (length < 0) return length;
  const names: string[] = [];
  for (let at = 0; at < length; at += buffer.readUInt16LE(at + RECLEN_OFFSET)) {
    const start = at + NAME_OFFSET;
    names.push(buffer.toString('latin1', start, buffer.indexOf(0, start)));
  }
  return names;
}
