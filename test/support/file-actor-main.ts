/**
 * A process that does file operations for a test, one at a time, as it is told over IPC: what touches a mount may
 * hang, and this process can be killed.  A failure of the kernel's is answered as -errno; nothing is judged here.
 */
import * as fs from 'node:fs';
import koffi from 'koffi';
import { readPagemap } from '../../src/kernel/pagemap.js';
import { posixFadvise } from '../../src/syscall/file.js';
import { declare, orErrno } from '../../src/syscall/libc.js';
import { MAP_SHARED, mmap, munmap, PROT_READ, PROT_WRITE } from '../../src/syscall/memory.js';

import { residentPages } from './resident.js';

export type Path = string | Buffer;

/** The mapped bytes themselves. Once for each mapping: koffi makes no second view of an address that had one. */
function viewOf(address: bigint, length: number): Uint8Array {
  return new Uint8Array(koffi.view(address, length));
}

const AT_FDCWD = -100;
const MS_SYNC = 4;
const POSIX_FADV_DONTNEED = 4;
const SIGUSR2 = 12;

const c = {
  renameat2: declare<(a: number, from: Uint8Array, b: number, to: Uint8Array, flags: number) => number>(
    'int renameat2(int a, const void *from, int b, const void *to, unsigned int flags)',
  ),
  linkat: declare<(a: number, from: Uint8Array, b: number, to: Uint8Array, flags: number) => number>(
    'int linkat(int a, const void *from, int b, const void *to, int flags)',
  ),
  mknod: declare<(path: Uint8Array, mode: number, device: number) => number>(
    'int mknod(const void *path, unsigned int mode, uint64_t device)',
  ),
  utimensat: declare<(at: number, path: Uint8Array, times: Uint8Array, flags: number) => number>(
    'int utimensat(int at, const void *path, const void *times, int flags)',
  ),
  fallocate: declare<(fd: number, mode: number, offset: number, length: number) => number>(
    'int fallocate(int fd, int mode, int64_t offset, int64_t length)',
  ),
  lseek: declare<(fd: number, offset: number, whence: number) => number>(
    'int64_t lseek(int fd, int64_t offset, int whence)',
  ),
  copy_file_range: declare<
    (from: number, fromAt: Uint8Array, to: number, toAt: Uint8Array, length: number, flags: number) => number
  >('int64_t copy_file_range(int from, void *fromAt, int to, void *toAt, size_t length, unsigned int flags)'),
  setxattr: declare<
    (path: Uint8Array, name: Uint8Array, value: Uint8Array, size: number, flags: number) => number
  >('int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)'),
  getxattr: declare<(path: Uint8Array, name: Uint8Array, value: Uint8Array, size: number) => number>(
    'int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)',
  ),
  listxattr: declare<(path: Uint8Array, list: Uint8Array, size: number) => number>(
    'int64_t llistxattr(const void *path, void *list, size_t size)',
  ),
  removexattr: declare<(path: Uint8Array, name: Uint8Array) => number>(
    'int lremovexattr(const void *path, const void *name)',
  ),
  flock: declare<(fd: number, operation: number) => number>('int flock(int fd, int operation)'),
  fcntl: declare<(fd: number, command: number, lock: Uint8Array) => number>(
    'int fcntl(int fd, int command, void *lock)',
  ),
  posix_fadvise: declare<(fd: number, offset: number, length: number, advice: number) => number>(
    'int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)',
  ),
  mincore: declare<(address: bigint, length: number, resident: Uint8Array) => number>(
    'int mincore(void *address, size_t length, void *resident)',
  ),
  msync: declare<(address: bigint, length: number, flags: number) => number>(
    'int msync(void *address, size_t length, int flags)',
  ),
  siginterrupt: declare<(signal: number, flag: number) => number>('int siginterrupt(int signal, int flag)'),
};

const cString = (text: Path): Buffer => Buffer.concat([Buffer.from(text), Buffer.of(0)]);

/** struct flock of <asm-generic/fcntl.h> on a 64-bit machine. */
function flockBytes(type: number, start: number, length: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeInt16LE(type, 0);
  bytes.writeBigInt64LE(BigInt(start), 8);
  bytes.writeBigInt64LE(BigInt(length), 16);
  return bytes;
}

function offsetBytes(offset: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(offset));
  return bytes;
}

interface Mapping {
  readonly address: bigint;
  readonly length: number;
  readonly view: Uint8Array;
}
const mappings: Mapping[] = [];

function mappingOf(handle: number): Mapping {
  const mapping = mappings[handle];
  if (mapping === undefined) throw new TypeError(`no mapping ${handle}`);
  return mapping;
}

const directories = new Map<number, fs.Dir>();

const operations = {
  become(uid: number, gid: number): number {
    process.setgroups?.([]);
    process.setgid?.(gid);
    process.setuid?.(uid);
    return 0;
  },
  umask: (mask: number) => process.umask(mask),
  open: (path: Path, flags: number, mode = 0o644) => fs.openSync(path, flags, mode),
  close(fd: number): number {
    fs.closeSync(fd);
    return 0;
  },
  write: (fd: number, bytes: Buffer, at: number | null = null) =>
    fs.writeSync(fd, bytes, 0, bytes.length, at),
  read(fd: number, size: number, at: number | null = null): Buffer {
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, fs.readSync(fd, bytes, 0, size, at));
  },
  writeFile(path: Path, bytes: Buffer): number {
    fs.writeFileSync(path, bytes);
    return 0;
  },
  readFile: (path: Path) => fs.readFileSync(path),
  fsync(fd: number): number {
    fs.fsyncSync(fd);
    return 0;
  },
  ftruncate(fd: number, size: number): number {
    fs.ftruncateSync(fd, size);
    return 0;
  },
  stat: (path: Path) => ({ ...fs.statSync(path, { bigint: true }) }),
  lstat: (path: Path) => ({ ...fs.lstatSync(path, { bigint: true }) }),
  fstat: (fd: number) => ({ ...fs.fstatSync(fd, { bigint: true }) }),
  statfs: (path: Path) => ({ ...fs.statfsSync(path) }),
  mkdir(path: Path, mode = 0o755): number {
    fs.mkdirSync(path, { mode });
    return 0;
  },
  rmdir(path: Path): number {
    fs.rmdirSync(path);
    return 0;
  },
  unlink(path: Path): number {
    fs.unlinkSync(path);
    return 0;
  },
  symlink(target: Path, path: Path): number {
    fs.symlinkSync(target, path);
    return 0;
  },
  readlink: (path: Path) => fs.readlinkSync(path),
  link(from: Path, to: Path): number {
    fs.linkSync(from, to);
    return 0;
  },
  rename: (from: Path, to: Path, flags = 0) =>
    orErrno(c.renameat2(AT_FDCWD, cString(from), AT_FDCWD, cString(to), flags)),
  /** Gives an unnamed file a name. */
  linkFd: (fd: number, to: Path) =>
    orErrno(c.linkat(AT_FDCWD, cString(`/proc/self/fd/${fd}`), AT_FDCWD, cString(to), 0x400)),
  mknod: (path: Path, mode: number, device = 0) => orErrno(c.mknod(cString(path), mode, device)),
  chmod(path: Path, mode: number): number {
    fs.chmodSync(path, mode);
    return 0;
  },
  chown(path: Path, uid: number, gid: number): number {
    fs.chownSync(path, uid, gid);
    return 0;
  },
  /** Times in ns since 1970. */
  utimens(path: Path, atimeNs: bigint, mtimeNs: bigint): number {
    const times = new BigInt64Array(
      [atimeNs, mtimeNs].flatMap((ns) => [ns / 1_000_000_000n, ns % 1_000_000_000n]),
    );
    return orErrno(c.utimensat(AT_FDCWD, cString(path), new Uint8Array(times.buffer), 0));
  },
  access(path: Path, mode: number): number {
    fs.accessSync(path, mode);
    return 0;
  },
  /** Names in latin1, so that none is changed. */
  list: (path: Path) => fs.readdirSync(path, 'latin1' as 'utf8').toSorted(),
  openDirectory(path: string): number {
    directories.set(directories.size, fs.opendirSync(path, { bufferSize: 1 }));
    return directories.size - 1;
  },
  /** Up to so many names more; fewer at the end. */
  nextNames(directory: number, count: number): string[] {
    const names: string[] = [];
    while (names.length < count) {
      const entry = directories.get(directory)?.readSync();
      if (entry === null || entry === undefined) break;
      names.push(entry.name);
    }
    return names;
  },
  makeFiles(directory: string, count: number): number {
    for (let nr = 0; nr < count; nr++) fs.closeSync(fs.openSync(`${directory}/${nr}`, 'wx'));
    return count;
  },
  removeFiles(directory: string, names: readonly string[]): number {
    for (const name of names) fs.unlinkSync(`${directory}/${name}`);
    return names.length;
  },
  fallocate: (fd: number, mode: number, offset: number, length: number) =>
    orErrno(c.fallocate(fd, mode, offset, length)),
  /** Drops the file's clean folios from the page cache: one that is isolated just then stays, so until none is left. */
  dropCache(fd: number, sizeBytes?: number): number {
    const length = sizeBytes ?? fs.fstatSync(fd).size;
    const address = mmap(length, PROT_READ, MAP_SHARED, fd, 0);
    if (typeof address === 'number') return address;
    const resident = new Uint8Array(Math.ceil(length / 4096));
    const untilMs = performance.now() + 10_000;
    do {
      const failed = c.posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
      if (failed !== 0) return -failed;
      const looked = orErrno(c.mincore(address, length, resident));
      if (looked < 0) return looked;
    } while (resident.some((page) => (page & 1) !== 0) && performance.now() < untilMs);
    return munmap(address, length);
  },
  lseek: (fd: number, offset: number, whence: number) => orErrno(c.lseek(fd, offset, whence)),
  copyFileRange: (from: number, fromAt: number, to: number, toAt: number, length: number) =>
    orErrno(c.copy_file_range(from, offsetBytes(fromAt), to, offsetBytes(toAt), length, 0)),
  setxattr: (path: Path, name: string, value: Buffer, flags = 0) =>
    orErrno(c.setxattr(cString(path), cString(name), value, value.length, flags)),
  getxattr(path: Path, name: string, room = 65_536): Buffer | number {
    const value = Buffer.alloc(room);
    const length = orErrno(c.getxattr(cString(path), cString(name), value, room));
    return length < 0 ? length : value.subarray(0, length);
  },
  listxattr(path: Path): string[] | number {
    const list = Buffer.alloc(65_536);
    const length = orErrno(c.listxattr(cString(path), list, list.length));
    return length < 0 ? length : list.toString('latin1', 0, length).split('\0').slice(0, -1);
  },
  removexattr: (path: Path, name: string) => orErrno(c.removexattr(cString(path), cString(name))),
  flock: (fd: number, operation: number) => orErrno(c.flock(fd, operation)),
  /** A length of 0 means to the end of the file. */
  lock: (fd: number, command: number, type: number, start: number, length: number) =>
    orErrno(c.fcntl(fd, command, flockBytes(type, start, length))),
  /** F_GETLK: the type and the pid of the lock in the way. */
  getLock(fd: number, type: number, start: number, length: number): { type: number; pid: number } | number {
    const bytes = flockBytes(type, start, length);
    const result = orErrno(c.fcntl(fd, 5, bytes));
    return result < 0 ? result : { type: bytes.readInt16LE(0), pid: bytes.readInt32LE(24) };
  },
  /** A shared mapping of the file's first bytes; answers its handle. */
  map(fd: number, length: number, writable = true): number {
    const address = mmap(length, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (typeof address === 'number') return address;
    return mappings.push({ address, length, view: viewOf(address, length) }) - 1;
  },
  storeMapped(handle: number, at: number, bytes: Buffer): number {
    mappingOf(handle).view.set(bytes, at);
    return bytes.length;
  },
  loadMapped(handle: number, at: number, count: number): Buffer {
    return Buffer.from(mappingOf(handle).view.subarray(at, at + count));
  },
  /** The frame of each page of a mapping, which is read to have it there; -1 where it is gone again. */
  pfns(handle: number): number[] {
    const { address, length, view } = mappingOf(handle);
    const read: number[] = [];
    for (let at = 0; at < length; at += 4096) read.push(view[at] ?? 0);
    return [...readPagemap('self', address, read.length).pfns];
  },
  /** Pages of the file's first bytes that are in the page cache. */
  resident: (fd: number, length: number) => residentPages(fd, length),
  fadvise: (fd: number, offset: number, length: number, advice: number) =>
    posixFadvise(fd, offset, length, advice),
  msync(handle: number): number {
    const { address, length } = mappingOf(handle);
    return orErrno(c.msync(address, length, MS_SYNC));
  },
  /** SIGUSR2 interrupts system calls from now on, where Node would have them restarted. */
  interruptible(): number {
    process.on('SIGUSR2', () => undefined);
    return orErrno(c.siginterrupt(SIGUSR2, 1));
  },
};
export type Operations = typeof operations;

interface Order {
  readonly id: number;
  readonly name: keyof Operations;
  readonly words: readonly unknown[];
}

process.on('message', ({ id, name, words }: Order) => {
  try {
    const operation = operations[name] as (...given: readonly unknown[]) => unknown;
    process.send?.({ id, answer: operation(...words) });
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    process.send?.(errno === undefined ? { id, failure: message } : { id, answer: errno });
  }
});
process.on('disconnect', () => process.exit());
