/** Flag values against include/uapi/linux/fuse.h: names listed by rising bit, from the bit given. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as flags from '../../../src/protocol/flags.js';
import { InitFlags } from '../../../src/protocol/init-flags.js';

const tables: readonly [string, Readonly<Record<string, number | bigint>>, number, string][] = [
  [
    'FATTR_',
    flags.Fattr,
    0,
    'MODE UID GID SIZE ATIME MTIME FH ATIME_NOW MTIME_NOW LOCKOWNER CTIME KILL_SUIDGID',
  ],
  [
    'FOPEN_',
    flags.Fopen,
    0,
    'DIRECT_IO KEEP_CACHE NONSEEKABLE CACHE_DIR STREAM NOFLUSH PARALLEL_DIRECT_WRITES PASSTHROUGH',
  ],
  ['FUSE_OPEN_', flags.OpenFlags, 0, 'KILL_SUIDGID'],
  ['FUSE_RELEASE_', flags.ReleaseFlags, 0, 'FLUSH FLOCK_UNLOCK'],
  ['FUSE_GETATTR_', flags.GetattrFlags, 0, 'FH'],
  ['FUSE_LK_', flags.LkFlags, 0, 'FLOCK'],
  ['FUSE_WRITE_', flags.WriteFlags, 0, 'CACHE LOCKOWNER KILL_SUIDGID'],
  ['FUSE_READ_', flags.ReadFlags, 1, 'LOCKOWNER'],
  ['FUSE_IOCTL_', flags.IoctlFlags, 0, 'COMPAT UNRESTRICTED RETRY 32BIT DIR COMPAT_X32'],
  ['FUSE_POLL_', flags.PollFlags, 0, 'SCHEDULE_NOTIFY'],
  ['FUSE_FSYNC_', flags.FsyncFlags, 0, 'FDATASYNC'],
  ['FUSE_ATTR_', flags.AttrFlags, 0, 'SUBMOUNT DAX'],
  ['FUSE_SETXATTR_', flags.SetxattrFlags, 0, 'ACL_KILL_SGID'],
  ['FUSE_SETUPMAPPING_FLAG_', flags.SetupmappingFlags, 0, 'WRITE READ'],
  ['FUSE_', flags.InvalEntryFlags, 0, 'EXPIRE_ONLY'],
  [
    'FUSE_',
    InitFlags,
    0,
    'ASYNC_READ POSIX_LOCKS FILE_OPS ATOMIC_O_TRUNC EXPORT_SUPPORT BIG_WRITES DONT_MASK SPLICE_WRITE ' +
      'SPLICE_MOVE SPLICE_READ FLOCK_LOCKS HAS_IOCTL_DIR AUTO_INVAL_DATA DO_READDIRPLUS READDIRPLUS_AUTO ' +
      'ASYNC_DIO WRITEBACK_CACHE NO_OPEN_SUPPORT PARALLEL_DIROPS HANDLE_KILLPRIV POSIX_ACL ABORT_ERROR ' +
      'MAX_PAGES CACHE_SYMLINKS NO_OPENDIR_SUPPORT EXPLICIT_INVAL_DATA MAP_ALIGNMENT SUBMOUNTS ' +
      'HANDLE_KILLPRIV_V2 SETXATTR_EXT INIT_EXT INIT_RESERVED SECURITY_CTX HAS_INODE_DAX CREATE_SUPP_GROUP ' +
      'HAS_EXPIRE_ONLY DIRECT_IO_ALLOW_MMAP PASSTHROUGH NO_EXPORT_SUPPORT HAS_RESEND ALLOW_IDMAP ' +
      'OVER_IO_URING REQUEST_TIMEOUT',
  ],
];

describe('flags have the values of the kernel', () => {
  for (const [prefix, table, firstBit, names] of tables) {
    it(`${prefix}${names.split(' ')[0]}...`, () => {
      const expected = names.split(' ').map((name, index) => [`${prefix}${name}`, 2 ** (firstBit + index)]);
      const actual = Object.entries(table).map(([name, value]) => [name, Number(value)]);
      assert.deepEqual(actual, expected);
    });
  }
});
