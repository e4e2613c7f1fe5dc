/**
 * Requests on open files, and on the connection: one golden message for each request and form of request, and what it must
 * decode to and print as.  Every number of a case differs, so that no field can be mistaken for its neighbour.
 */
import { bytes, junk, raw, u32, u64, zeros } from '../../support/bytes.js';
import { FH, fh, OWNER, type RequestCase } from './request-case.js';

const readIn = bytes(
  u64(FH), // fh
  u64(0x11_2233_4455n), // offset
  u32(131072), // size
  u32(0x2), // read_flags
  u64(OWNER), // lock_owner
  u32(0x8002), // flags
  junk(4), // padding
);
const readFields = {
  fh: FH,
  offset: 0x11_2233_4455,
  size: 131072,
  read_flags: 2,
  lock_owner: OWNER,
  flags: 0x8002,
};
const readPrint = `${fh} offset=73588229205 size=131072 read_flags=FUSE_READ_LOCKOWNER lock_owner=${OWNER} flags=0x8002`;

const openIn = bytes(u32(0x8241), u32(1)); // flags, open_flags
const openFields = { flags: 0x8241, open_flags: 1 };
const openPrint = 'flags=0x8241 open_flags=FUSE_OPEN_KILL_SUIDGID';

const releaseIn = bytes(u64(FH), u32(0x8001), u32(3), u64(OWNER)); // fh, flags, release_flags, lock_owner
const releaseFields = { fh: FH, flags: 0x8001, release_flags: 3, lock_owner: OWNER };
const releasePrint = `${fh} flags=0x8001 release_flags=FUSE_RELEASE_FLUSH|FUSE_RELEASE_FLOCK_UNLOCK lock_owner=${OWNER}`;

const fsyncIn = bytes(u64(FH), u32(1), junk(4)); // fh, fsync_flags, padding
const fsyncFields = { fh: FH, fsync_flags: 1 };
const fsyncPrint = `${fh} fsync_flags=FUSE_FSYNC_FDATASYNC`;

const lkIn = bytes(
  u64(FH), // fh
  u64(OWNER), // owner
  u64(4096), // lk.start
  u64(0x7fff_ffff_ffff_ffffn), // lk.end: OFFSET_MAX
  u32(1), // lk.type: F_WRLCK
  u32(4711), // lk.pid
  u32(1), // lk_flags
  junk(4), // padding
);
const lkFields = {
  fh: FH,
  owner: OWNER,
  lk: { start: 4096n, end: 0x7fff_ffff_ffff_ffffn, type: 1, pid: 4711 },
  lk_flags: 1,
};
const lkPrint = `${fh} owner=${OWNER} lk={start=4096 end=9223372036854775807 type=1 pid=4711} lk_flags=FUSE_LK_FLOCK`;

const copyIn = bytes(
  u64(FH), // fh_in
  u64(111), // off_in
  u64(222), // nodeid_out
  u64(OWNER), // fh_out
  u64(333), // off_out
  u64(0xffff_ffff_ffff_ffffn), // len
  u64(0), // flags
);
const copyFields = {
  fh_in: FH,
  off_in: 111,
  nodeid_out: 222,
  fh_out: OWNER,
  off_out: 333,
  len: 0xffff_ffff_ffff_ffffn,
  flags: 0n,
};
const copyPrint = `fh_in=${FH} off_in=111 nodeid_out=222 fh_out=${OWNER} off_out=333 len=18446744073709551615`;

const initIn = (flags: number) => bytes(u32(7), u32(45), u32(131072), u32(flags));

export const fileCases: readonly RequestCase[] = [
  { title: 'OPEN', opcode: 'FUSE_OPEN', args: openIn, fields: openFields, print: openPrint },
  { title: 'OPENDIR', opcode: 'FUSE_OPENDIR', args: openIn, fields: openFields, print: openPrint },
  { title: 'READ', opcode: 'FUSE_READ', args: readIn, fields: readFields, print: readPrint },
  { title: 'READDIR', opcode: 'FUSE_READDIR', args: readIn, fields: readFields, print: readPrint },
  { title: 'READDIRPLUS', opcode: 'FUSE_READDIRPLUS', args: readIn, fields: readFields, print: readPrint },
  {
    title: 'WRITE of writeback',
    opcode: 'FUSE_WRITE',
    args: bytes(
      u64(3), // fh
      u64(8192), // offset
      u32(5), // size
      u32(1), // write_flags
      u64(0), // lock_owner
      u32(0), // flags
      junk(4), // padding
      raw('hello'),
    ),
    fields: { fh: 3n, offset: 8192, size: 5, write_flags: 1, lock_owner: 0n, flags: 0, data: raw('hello') },
    print: 'fh=3 offset=8192 size=5 write_flags=FUSE_WRITE_CACHE',
  },
  {
    title: 'WRITE of write(2)',
    opcode: 'FUSE_WRITE',
    args: bytes(u64(FH), u64(0x1_0000_0001), u32(1), u32(6), u64(OWNER), u32(0x8401), junk(4), raw('!')),
    fields: {
      fh: FH,
      offset: 0x1_0000_0001,
      size: 1,
      write_flags: 6,
      lock_owner: OWNER,
      flags: 0x8401,
      data: raw('!'),
    },
    print: `${fh} offset=4294967297 size=1 write_flags=FUSE_WRITE_LOCKOWNER|FUSE_WRITE_KILL_SUIDGID lock_owner=${OWNER} flags=0x8401`,
  },
  { title: 'STATFS', opcode: 'FUSE_STATFS', args: zeros(0), fields: {}, print: '' },
  { title: 'RELEASE', opcode: 'FUSE_RELEASE', args: releaseIn, fields: releaseFields, print: releasePrint },
  {
    title: 'RELEASEDIR',
    opcode: 'FUSE_RELEASEDIR',
    args: releaseIn,
    fields: releaseFields,
    print: releasePrint,
  },
  { title: 'FSYNC', opcode: 'FUSE_FSYNC', args: fsyncIn, fields: fsyncFields, print: fsyncPrint },
  { title: 'FSYNCDIR', opcode: 'FUSE_FSYNCDIR', args: fsyncIn, fields: fsyncFields, print: fsyncPrint },
  {
    title: 'FLUSH',
    opcode: 'FUSE_FLUSH',
    args: bytes(u64(FH), junk(8), u64(OWNER)), // fh, unused and padding, lock_owner
    fields: { fh: FH, lock_owner: OWNER },
    print: `${fh} lock_owner=${OWNER}`,
  },
  {
    title: 'INIT of 16 bytes',
    opcode: 'FUSE_INIT',
    args: initIn(0x3fff_ffff),
    fields: { major: 7, minor: 45, max_readahead: 131072, flags: 0x3fff_ffff, flags2: 0 },
    print:
      'major=7 minor=45 max_readahead=131072 flags=FUSE_ASYNC_READ|FUSE_POSIX_LOCKS|FUSE_FILE_OPS|' +
      'FUSE_ATOMIC_O_TRUNC|FUSE_EXPORT_SUPPORT|FUSE_BIG_WRITES|FUSE_DONT_MASK|FUSE_SPLICE_WRITE|' +
      'FUSE_SPLICE_MOVE|FUSE_SPLICE_READ|FUSE_FLOCK_LOCKS|FUSE_HAS_IOCTL_DIR|FUSE_AUTO_INVAL_DATA|' +
      'FUSE_DO_READDIRPLUS|FUSE_READDIRPLUS_AUTO|FUSE_ASYNC_DIO|FUSE_WRITEBACK_CACHE|FUSE_NO_OPEN_SUPPORT|' +
      'FUSE_PARALLEL_DIROPS|FUSE_HANDLE_KILLPRIV|FUSE_POSIX_ACL|FUSE_ABORT_ERROR|FUSE_MAX_PAGES|' +
      'FUSE_CACHE_SYMLINKS|FUSE_NO_OPENDIR_SUPPORT|FUSE_EXPLICIT_INVAL_DATA|FUSE_MAP_ALIGNMENT|' +
      'FUSE_SUBMOUNTS|FUSE_HANDLE_KILLPRIV_V2|FUSE_SETXATTR_EXT',
  },
  {
    title: 'INIT of 64 bytes',
    mayGrow: true,
    opcode: 'FUSE_INIT',
    args: bytes(initIn(0x4001_0000), u32(0x8000_07ff), zeros(44)), // ..., flags2, unused
    fields: { major: 7, minor: 45, max_readahead: 131072, flags: 0x4001_0000, flags2: 0x8000_07ff },
    print:
      'major=7 minor=45 max_readahead=131072 flags=FUSE_WRITEBACK_CACHE|FUSE_INIT_EXT flags2=FUSE_SECURITY_CTX|' +
      'FUSE_HAS_INODE_DAX|FUSE_CREATE_SUPP_GROUP|FUSE_HAS_EXPIRE_ONLY|FUSE_DIRECT_IO_ALLOW_MMAP|FUSE_PASSTHROUGH|' +
      'FUSE_NO_EXPORT_SUPPORT|FUSE_HAS_RESEND|FUSE_ALLOW_IDMAP|FUSE_OVER_IO_URING|FUSE_REQUEST_TIMEOUT|' +
      '0x8000000000000000',
  },
  { title: 'GETLK', opcode: 'FUSE_GETLK', args: lkIn, fields: lkFields, print: lkPrint },
  { title: 'SETLK', opcode: 'FUSE_SETLK', args: lkIn, fields: lkFields, print: lkPrint },
  { title: 'SETLKW', opcode: 'FUSE_SETLKW', args: lkIn, fields: lkFields, print: lkPrint },
  {
    title: 'INTERRUPT',
    opcode: 'FUSE_INTERRUPT',
    args: u64(0x9999_8888_7777_6666n), // unique
    fields: { interrupt_unique: 0x9999_8888_7777_6666n },
    print: `interrupt_unique=${0x9999_8888_7777_6666n}`,
  },
  {
    title: 'BMAP',
    opcode: 'FUSE_BMAP',
    args: bytes(u64(77), u32(512), junk(4)), // block, blocksize, padding
    fields: { block: 77, blocksize: 512 },
    print: 'block=77 blocksize=512',
  },
  { title: 'DESTROY', opcode: 'FUSE_DESTROY', args: zeros(0), fields: {}, print: '' },
  {
    title: 'IOCTL',
    opcode: 'FUSE_IOCTL',
    args: bytes(
      u64(FH), // fh
      u32(0x12), // flags
      u32(0x8004_6601), // cmd
      u64(0x7fff_1234_5678_9abcn), // arg
      u32(4), // in_size
      u32(8), // out_size
      raw('abcd'),
    ),
    fields: {
      fh: FH,
      flags: 0x12,
      cmd: 0x8004_6601,
      arg: 0x7fff_1234_5678_9abcn,
      in_size: 4,
      out_size: 8,
      data: raw('abcd'),
    },
    print: `${fh} flags=FUSE_IOCTL_UNRESTRICTED|FUSE_IOCTL_DIR cmd=0x80046601 arg=0x7fff123456789abc in_size=4 out_size=8`,
  },
  {
    title: 'POLL',
    opcode: 'FUSE_POLL',
    args: bytes(u64(FH), u64(OWNER), u32(1), u32(5)), // fh, kh, flags, events
    fields: { fh: FH, kh: OWNER, flags: 1, events: 5 },
    print: `${fh} kh=${OWNER} flags=FUSE_POLL_SCHEDULE_NOTIFY events=0x5`,
  },
  {
    title: 'NOTIFY_REPLY',
    opcode: 'FUSE_NOTIFY_REPLY',
    args: bytes(junk(8), u64(4096), u32(5), junk(4), junk(16), raw('bytes')), // ..., offset, size, ...
    fields: { offset: 4096, size: 5, data: raw('bytes') },
    print: 'offset=4096 size=5',
  },
  {
    title: 'NOTIFY_REPLY without a page',
    opcode: 'FUSE_NOTIFY_REPLY',
    args: bytes(junk(8), u64(4096), u32(0), junk(4), junk(16)),
    fields: { offset: 4096, size: 0, data: zeros(0) },
    print: 'offset=4096 size=0',
  },
  {
    title: 'IOCTL without data',
    opcode: 'FUSE_IOCTL',
    args: bytes(u64(1), u32(0), u32(0x5401), u64(2), u32(0), u32(0)),
    fields: { fh: 1n, flags: 0, cmd: 0x5401, arg: 2n, in_size: 0, out_size: 0, data: zeros(0) },
    print: 'fh=1 cmd=0x5401 arg=0x2 in_size=0 out_size=0',
  },
  {
    title: 'FALLOCATE',
    opcode: 'FUSE_FALLOCATE',
    args: bytes(u64(FH), u64(4096), u64(65536), u32(3), junk(4)), // fh, offset, length, mode, padding
    fields: { fh: FH, offset: 4096, length: 65536, mode: 3 },
    print: `${fh} offset=4096 length=65536 mode=03`,
  },
  {
    title: 'LSEEK',
    opcode: 'FUSE_LSEEK',
    args: bytes(u64(FH), u64(12345), u32(4), junk(4)), // fh, offset, whence, padding
    fields: { fh: FH, offset: 12345, whence: 4 },
    print: `${fh} offset=12345 whence=4`,
  },
  {
    title: 'COPY_FILE_RANGE',
    opcode: 'FUSE_COPY_FILE_RANGE',
    args: copyIn,
    fields: copyFields,
    print: copyPrint,
  },
  {
    title: 'COPY_FILE_RANGE_64',
    opcode: 'FUSE_COPY_FILE_RANGE_64',
    args: copyIn,
    fields: copyFields,
    print: copyPrint,
  },
  {
    title: 'SETUPMAPPING',
    opcode: 'FUSE_SETUPMAPPING',
    args: bytes(u64(FH), u64(4096), u64(2097152), u64(3), u64(8388608)), // fh, foffset, len, flags, moffset
    fields: { fh: FH, foffset: 4096, len: 2097152, flags: 3n, moffset: 8388608 },
    print: `${fh} foffset=4096 len=2097152 flags=FUSE_SETUPMAPPING_FLAG_WRITE|FUSE_SETUPMAPPING_FLAG_READ moffset=8388608`,
  },
  {
    title: 'REMOVEMAPPING',
    opcode: 'FUSE_REMOVEMAPPING',
    args: bytes(u32(2), u64(4096), u64(0xffff_ffff_ffff_ffffn), u64(1), u64(2)), // count, moffset, len, ...
    fields: {
      count: 2,
      items: [
        { moffset: 4096n, len: 0xffff_ffff_ffff_ffffn },
        { moffset: 1n, len: 2n },
      ],
    },
    print: 'count=2 items=[{moffset=4096 len=18446744073709551615} {moffset=1 len=2}]',
  },
  { title: 'SYNCFS', opcode: 'FUSE_SYNCFS', args: junk(8), fields: {}, print: '' },
];
