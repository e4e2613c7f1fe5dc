/**
 * Requests on names, attributes and extended attributes: one golden message for each request and form of request, and what it must
 * decode to and print as.  Every number of a case differs, so that no field can be mistaken for its neighbour.
 */
import { bytes, cstring, junk, raw, s64, u32, u64, zeros } from '../../support/bytes.js';
import { FH, fh, OWNER, type RequestCase } from './request-case.js';

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

export const inodeCases: readonly RequestCase[] = [
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
