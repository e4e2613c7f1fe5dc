/** statx(2) of an open file, and fstatvfs(3) of its filesystem. Authority: include/uapi/linux/stat.h. */
import { declare, orErrno } from './libc.js';
import { AT_EMPTY_PATH, callNumber } from './raw.js';

const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const STATX_MNT_ID = 0x1000;
const SIZEOF_STATX = 256;

export interface Statx {
  readonly blksize: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly size: number;
  readonly blocks: number;
  readonly atimeSec: number;
  readonly atimeNsec: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  readonly ctimeSec: number;
  readonly ctimeNsec: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  /** Device and inode number: no two files that exist at one time have the same. */
  readonly identity: string;
  /** When the file was made: tells it from a later one with its inode number. Empty where that is not kept. */
  readonly birth: string;
  /** The first number of the mount's line in mountinfo; undefined before 5.8. */
  readonly mountId: number | undefined;
}

const cStatx = declare<
  (nr: number, fd: number, path: Uint8Array, flags: number, mask: number, into: Uint8Array) => number
>('int64_t syscall(int64_t nr, int64_t fd, const void *path, int64_t flags, int64_t mask, void *into)');

const NR_STATX = callNumber('statx');
const emptyPath = Buffer.alloc(1);
const buffer = Buffer.alloc(SIZEOF_STATX);

/** Of an open file, also one opened with O_PATH; or -errno. */
export function statx(fd: number): Statx | number {
  const mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
  const result = orErrno(cStatx(NR_STATX, fd, emptyPath, AT_EMPTY_PATH, mask, buffer));
  if (result < 0) return result;
  const u32 = (at: number) => buffer.readUInt32LE(at);
  const u64 = (at: number) => u32(at + 4) * 2 ** 32 + u32(at);
  const seconds = (at: number) => buffer.readInt32LE(at + 4) * 2 ** 32 + u32(at);
  const has = u32(0);
  return {
    blksize: u32(4),
    nlink: u32(16),
    uid: u32(20),
    gid: u32(24),
    mode: buffer.readUInt16LE(28),
    size: u64(40),
    blocks: u64(48),
    atimeSec: seconds(64),
    atimeNsec: u32(72),
    ctimeSec: seconds(96),
    ctimeNsec: u32(104),
    mtimeSec: seconds(112),
    mtimeNsec: u32(120),
    rdevMajor: u32(128),
    rdevMinor: u32(132),
    // An inode number may need all of its 64 bits.
    identity: `${u32(136)}:${u32(140)}:${u32(36)}:${u32(32)}`,
    birth: (has & STATX_BTIME) === 0 ? '' : `${seconds(80)}.${u32(88)}`,
    mountId: (has & STATX_MNT_ID) === 0 ? undefined : u64(144),
  };
}

export interface Statvfs {
  readonly frsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
  readonly namemax: number;
  readonly isReadOnly: boolean;
}

const ST_RDONLY = 1;
/** struct statvfs of a 64-bit C library: words of 8 bytes. */
const vfsBuffer = Buffer.alloc(256);
const cFstatvfs = declare<(fd: number, into: Uint8Array) => number>('int fstatvfs(int fd, void *into)');

/** Of the filesystem on which an open file lies; or -errno. */
export function fstatvfs(fd: number): Statvfs | number {
  const result = orErrno(cFstatvfs(fd, vfsBuffer));
  if (result < 0) return result;
  const word = (nr: number) => Number(vfsBuffer.readBigUInt64LE(nr * 8));
  return {
    frsize: word(1),
    blocks: word(2),
    bfree: word(3),
    bavail: word(4),
    files: word(5),
    ffree: word(6),
    isReadOnly: (vfsBuffer.readUInt32LE(9 * 8) & ST_RDONLY) !== 0,
    namemax: word(10),
  };
}
