/**
 * One golden message for each request and form of request, and what it must decode to and print as.
 * Every number of a case differs, so that no field can be mistaken for its neighbour.
 */
import type { OpcodeName } from '../../../src/protocol/opcode.js';
import { Opcode } from '../../../src/protocol/opcode.js';
import { bytes, cstring, junk, raw, s64, u16, u32, u64, zeros } from '../../support/bytes.js';

export interface RequestCase {
  readonly title: string;
  readonly opcode: OpcodeName;
  /** Everything behind the header, extensions included. */
  readonly args: Buffer;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Behind "OPCODE unique=U nodeid=N pid=P". */
  readonly print: string;
  /** What INIT agreed on. */
  readonly flags?: bigint;
  readonly total_extlen?: number;
  /** Bytes of `args` at which the message is whole as well, without its extensions. */
  readonly wholeWithout?: number;
  /** A later minor version may put more behind it. */
  readonly mayGrow?: true;
}

export const header = {
  unique: 0x8122_3344_5566_7788n,
  nodeid: 0x1_0203_0405,
  uid: 1000,
  gid: 100,
  pid: 77,
};

export function message(opcode: number, args: Buffer, total_extlen = 0): Buffer {
  return bytes(
    u32(40 + args.length), // len
    u32(opcode),
    u64(header.unique),
    u64(header.nodeid),
    u32(header.uid),
    u32(header.gid),
    u32(header.pid),
    u16(total_extlen),
    junk(2), // padding
    args,
  );
}

export const messageOf = (testCase: RequestCase): Buffer =>
  message(Opcode[testCase.opcode], testCase.args, testCase.total_extlen);

const FH = 0xf1f2_f3f4_f5f6_f7f8n;
const OWNER = 0xe1e2_e3e4_e5e6_e7e8n;
const fh = `fh=${FH}`;

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

const suppGroups = bytes(u32(16), u32(32), u32(1), u32(50)); // size, type FUSE_EXT_GROUPS, nr_groups, groups[0]
const secctx = bytes(
  u32(40), // size of it all
  u32(1), // nr_secctx
  u32(5), // fuse_secctx.size
  junk(4), // fuse_secctx.padding
  cstring('security.selinux'),
  raw('a:b:c'),
  zeros(2), // to 8 bytes
);

const createIn = bytes(u32(0x8042), u32(0o100644), u32(0o22), u32(1)); // flags, mode, umask, open_flags
const createFields = { flags: 0x8042, mode: 0o100644, umask: 0o22, open_flags: 1 };
const createPrint = 'flags=0x8042 mode=0100644 umask=022 open_flags=FUSE_OPEN_KILL_SUIDGID';

const initIn = (flags: number) => bytes(u32(7), u32(45), u32(131072), u32(flags));

/** Kernels before 7.38 send the security context without total_extlen. */
const secctxOfOld = { extensions: [{ type: 1, payload: secctx.subarray(8) }] };
const secctxPrint = 'extensions=[{nr_secctx=1 32 bytes}]';
const oldSecurityContexts: readonly RequestCase[] = [
  {
    title: 'MKNOD with a security context of before total_extlen',
    opcode: 'FUSE_MKNOD',
    flags: 1n << 32n,
    args: bytes(u32(0o10600), u32(0), u32(0), junk(4), cstring('fifo'), secctx),
    wholeWithout: 21,
    fields: { mode: 0o10600, rdev: 0, umask: 0, name: 'fifo', ...secctxOfOld },
    print: `${secctxPrint} mode=010600 rdev=0 umask=00 name="fifo"`,
  },
  {
    title: 'MKDIR with a security context of before total_extlen',
    opcode: 'FUSE_MKDIR',
    flags: 1n << 32n,
    args: bytes(u32(0o700), u32(0o1), cstring('dir'), secctx),
    wholeWithout: 12,
    fields: { mode: 0o700, umask: 1, name: 'dir', ...secctxOfOld },
    print: `${secctxPrint} mode=0700 umask=01 name="dir"`,
  },
  {
    title: 'CREATE with a security context of before total_extlen',
    opcode: 'FUSE_CREATE',
    flags: 1n << 32n,
    args: bytes(createIn, cstring('new'), secctx),
    wholeWithout: 20,
    fields: { ...createFields, name: 'new', ...secctxOfOld },
    print: `${secctxPrint} ${createPrint} name="new"`,
  },
  {
    title: 'TMPFILE with a security context of before total_extlen',
    opcode: 'FUSE_TMPFILE',
    flags: 1n << 32n,
    args: bytes(createIn, cstring('/'), secctx),
    wholeWithout: 18,
    fields: { ...createFields, ...secctxOfOld },
    print: `${secctxPrint} ${createPrint}`,
  },
];

export const requestCases: readonly RequestCase[] = [
  {
    title: 'LOOKUP of a name that is not UTF-8',
    opcode: 'FUSE_LOOKUP',
    args: cstring('caf\xe9'),
    fields: { name: 'caf\xe9' },
    print: String.raw`name="caf\xe9"`,
  },
  {
    title: 'LOOKUP of dot-dot',
    opcode: 'FUSE_LOOKUP',
    args: cstring('..'),
    fields: { name: '..' },
    print: 'name=".."',
  },
  {
    title: 'FORGET',
    opcode: 'FUSE_FORGET',
    args: u64(0x1f_ffff_ffff_ffffn), // nlookup
    fields: { nlookup: Number.MAX_SAFE_INTEGER },
    print: 'nlookup=9007199254740991',
  },
  {
    title: 'GETATTR',
    opcode: 'FUSE_GETATTR',
    args: bytes(u32(1), junk(4), u64(FH)), // getattr_flags, dummy, fh
    fields: { getattr_flags: 1, fh: FH },
    print: `getattr_flags=FUSE_GETATTR_FH ${fh}`,
  },
  {
    title: 'SETATTR with times before 1970',
    opcode: 'FUSE_SETATTR',
    args: bytes(
      u32(0xfff), // valid
      junk(4), // padding
      u64(FH), // fh
      u64(0x123_4567_89abn), // size
      u64(OWNER), // lock_owner
      s64(-1), // atime
      s64(-2_208_988_800), // mtime: 1900
      s64(4_102_444_800), // ctime: 2100
      u32(11), // atimensec
      u32(12), // mtimensec
      u32(13), // ctimensec
      u32(0o100755), // mode
      junk(4), // unused4
      u32(2000), // uid
      u32(3000), // gid
      junk(4), // unused5
    ),
    fields: {
      valid: 0xfff,
      fh: FH,
      size: 0x123_4567_89ab,
      lock_owner: OWNER,
      atime: -1,
      mtime: -2_208_988_800,
      ctime: 4_102_444_800,
      atimensec: 11,
      mtimensec: 12,
      ctimensec: 13,
      mode: 0o100755,
      attr_uid: 2000,
      attr_gid: 3000,
    },
    print:
      'valid=FATTR_MODE|FATTR_UID|FATTR_GID|FATTR_SIZE|FATTR_ATIME|FATTR_MTIME|FATTR_FH|FATTR_ATIME_NOW|' +
      `FATTR_MTIME_NOW|FATTR_LOCKOWNER|FATTR_CTIME|FATTR_KILL_SUIDGID ${fh} size=1250999896491 lock_owner=${OWNER} ` +
      'atime=-1 mtime=-2208988800 ctime=4102444800 atimensec=11 mtimensec=12 ctimensec=13 mode=0100755 ' +
      'attr_uid=2000 attr_gid=3000',
  },
  { title: 'READLINK', opcode: 'FUSE_READLINK', args: zeros(0), fields: {}, print: '' },
  {
    title: 'SYMLINK',
    opcode: 'FUSE_SYMLINK',
    args: bytes(cstring('link'), cstring('../to/here')),
    fields: { name: 'link', target: '../to/here' },
    print: 'name="link" target="../to/here"',
  },
  {
    title: 'MKNOD',
    opcode: 'FUSE_MKNOD',
    args: bytes(u32(0o20600), u32(0x501), u32(0o77), junk(4), cstring('tty1')), // mode, rdev, umask, padding
    fields: { mode: 0o20600, rdev: 0x501, umask: 0o77, name: 'tty1' },
    print: 'mode=020600 rdev=1281 umask=077 name="tty1"',
  },
  {
    title: 'MKDIR',
    opcode: 'FUSE_MKDIR',
    args: bytes(u32(0o40755), u32(0o27), cstring('dir')), // mode, umask
    fields: { mode: 0o40755, umask: 0o27, name: 'dir' },
    print: 'mode=040755 umask=027 name="dir"',
  },
  {
    title: 'UNLINK',
    opcode: 'FUSE_UNLINK',
    args: cstring('a"b'),
    fields: { name: 'a"b' },
    print: String.raw`name="a\x22b"`,
  },
  {
    title: 'RMDIR of a hidden name',
    opcode: 'FUSE_RMDIR',
    args: cstring('...'),
    fields: { name: '...' },
    print: 'name="..."',
  },
  {
    title: 'RENAME',
    opcode: 'FUSE_RENAME',
    args: bytes(u64(9), cstring('old'), cstring('new')), // newdir
    fields: { newdir: 9, flags: 0, oldname: 'old', newname: 'new' },
    print: 'newdir=9 oldname="old" newname="new"',
  },
  {
    title: 'RENAME2',
    opcode: 'FUSE_RENAME2',
    args: bytes(u64(9), u32(2), junk(4), cstring('old'), cstring('new')), // newdir, flags, padding
    fields: { newdir: 9, flags: 2, oldname: 'old', newname: 'new' },
    print: 'newdir=9 flags=0x2 oldname="old" newname="new"',
  },
  {
    title: 'LINK',
    opcode: 'FUSE_LINK',
    args: bytes(u64(12), cstring('other')), // oldnodeid
    fields: { oldnodeid: 12, newname: 'other' },
    print: 'oldnodeid=12 newname="other"',
  },
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
    title: 'SETXATTR, 8 bytes',
    opcode: 'FUSE_SETXATTR',
    args: bytes(u32(3), u32(2), cstring('user.a/b'), raw('x\0y')), // size, flags
    fields: { size: 3, flags: 2, setxattr_flags: 0, name: 'user.a/b', value: raw('x\0y') },
    print: 'size=3 flags=0x2 name="user.a/b"',
  },
  {
    title: 'SETXATTR, extended',
    opcode: 'FUSE_SETXATTR',
    flags: 1n << 29n,
    args: bytes(u32(3), u32(2), u32(1), junk(4), cstring('user.a'), raw('x\0y')), // ..., setxattr_flags, padding
    fields: { size: 3, flags: 2, setxattr_flags: 1, name: 'user.a', value: raw('x\0y') },
    print: 'size=3 flags=0x2 setxattr_flags=FUSE_SETXATTR_ACL_KILL_SGID name="user.a"',
  },
  {
    title: 'GETXATTR',
    opcode: 'FUSE_GETXATTR',
    args: bytes(u32(64), junk(4), cstring('user.a')), // size, padding
    fields: { size: 64, name: 'user.a' },
    print: 'size=64 name="user.a"',
  },
  {
    title: 'LISTXATTR',
    opcode: 'FUSE_LISTXATTR',
    args: bytes(u32(64), junk(4)), // size, padding
    fields: { size: 64 },
    print: 'size=64',
  },
  {
    title: 'REMOVEXATTR',
    opcode: 'FUSE_REMOVEXATTR',
    args: cstring('user.a'),
    fields: { name: 'user.a' },
    print: 'name="user.a"',
  },
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
    title: 'ACCESS',
    opcode: 'FUSE_ACCESS',
    args: bytes(u32(6), junk(4)), // mask, padding
    fields: { mask: 6 },
    print: 'mask=6',
  },
  {
    title: 'CREATE',
    opcode: 'FUSE_CREATE',
    args: bytes(createIn, cstring('new')),
    fields: { ...createFields, name: 'new' },
    print: `${createPrint} name="new"`,
  },
  {
    title: 'CREATE with a security context and a supplementary group',
    opcode: 'FUSE_CREATE',
    args: bytes(createIn, cstring('new'), secctx, suppGroups),
    total_extlen: 7,
    fields: {
      ...createFields,
      name: 'new',
      extensions: [
        { type: 1, payload: secctx.subarray(8) },
        { type: 32, payload: suppGroups.subarray(8) },
      ],
    },
    print: `extensions=[{nr_secctx=1 32 bytes} {FUSE_EXT_GROUPS 8 bytes}] ${createPrint} name="new"`,
  },
  {
    title: 'SYMLINK with a security context of before total_extlen',
    opcode: 'FUSE_SYMLINK',
    flags: 1n << 32n,
    args: bytes(cstring('link'), cstring('to'), secctx),
    wholeWithout: 8,
    fields: { name: 'link', target: 'to', extensions: [{ type: 1, payload: secctx.subarray(8) }] },
    print: 'extensions=[{nr_secctx=1 32 bytes}] name="link" target="to"',
  },
  ...oldSecurityContexts,
  {
    title: 'MKDIR where no security module has a context, and an extension of later',
    opcode: 'FUSE_MKDIR',
    args: bytes(u32(0o755), u32(0o22), cstring('dir'), u32(8), u32(0), u32(8), u32(99)),
    total_extlen: 2,
    fields: {
      mode: 0o755,
      umask: 0o22,
      name: 'dir',
      extensions: [
        { type: 0, payload: zeros(0) },
        { type: 99, payload: zeros(0) },
      ],
    },
    print: 'extensions=[{nr_secctx=0 0 bytes} {type=99 0 bytes}] mode=0755 umask=022 name="dir"',
  },
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
    title: 'BATCH_FORGET of nothing',
    opcode: 'FUSE_BATCH_FORGET',
    args: zeros(8),
    fields: { count: 0, items: [] },
    print: 'count=0 items=[]',
  },
  {
    title: 'BATCH_FORGET',
    opcode: 'FUSE_BATCH_FORGET',
    args: bytes(u32(2), junk(4), u64(5), u64(1), u64(6), u64(3)), // count, dummy, nodeid, nlookup, ...
    fields: {
      count: 2,
      items: [
        { nodeid: 5, nlookup: 1 },
        { nodeid: 6, nlookup: 3 },
      ],
    },
    print: 'count=2 items=[{nodeid=5 nlookup=1} {nodeid=6 nlookup=3}]',
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
  {
    title: 'TMPFILE, with the name that vfs_tmpfile gives',
    opcode: 'FUSE_TMPFILE',
    args: bytes(createIn, cstring('/')),
    fields: createFields,
    print: createPrint,
  },
  {
    title: 'STATX',
    opcode: 'FUSE_STATX',
    args: bytes(u32(1), junk(4), u64(FH), u32(0x2000), u32(0xfff)), // getattr_flags, reserved, fh, sx_flags, sx_mask
    fields: { getattr_flags: 1, fh: FH, sx_flags: 0x2000, sx_mask: 0xfff },
    print: `getattr_flags=FUSE_GETATTR_FH ${fh} sx_flags=0x2000 sx_mask=0xfff`,
  },
];
