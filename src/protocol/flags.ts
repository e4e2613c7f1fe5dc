/**
 * The flag words of requests and replies, spelled as include/uapi/linux/fuse.h (7.45) spells them.
 * FUSE_INIT's own flags are 64 bits wide and live in init-flags.ts.
 */

/** fuse_setattr_in.valid */
export const Fattr = {
  FATTR_MODE: 1 << 0,
  FATTR_UID: 1 << 1,
  FATTR_GID: 1 << 2,
  FATTR_SIZE: 1 << 3,
  FATTR_ATIME: 1 << 4,
  FATTR_MTIME: 1 << 5,
  FATTR_FH: 1 << 6,
  FATTR_ATIME_NOW: 1 << 7,
  FATTR_MTIME_NOW: 1 << 8,
  FATTR_LOCKOWNER: 1 << 9,
  FATTR_CTIME: 1 << 10,
  FATTR_KILL_SUIDGID: 1 << 11,
} as const;

/** fuse_open_out.open_flags */
export const Fopen = {
  FOPEN_DIRECT_IO: 1 << 0,
  FOPEN_KEEP_CACHE: 1 << 1,
  FOPEN_NONSEEKABLE: 1 << 2,
  FOPEN_CACHE_DIR: 1 << 3,
  FOPEN_STREAM: 1 << 4,
  FOPEN_NOFLUSH: 1 << 5,
  FOPEN_PARALLEL_DIRECT_WRITES: 1 << 6,
  FOPEN_PASSTHROUGH: 1 << 7,
} as const;

/** fuse_open_in.open_flags and fuse_create_in.open_flags */
export const OpenFlags = { FUSE_OPEN_KILL_SUIDGID: 1 << 0 } as const;

/** fuse_release_in.release_flags */
export const ReleaseFlags = { FUSE_RELEASE_FLUSH: 1 << 0, FUSE_RELEASE_FLOCK_UNLOCK: 1 << 1 } as const;

/** fuse_getattr_in.getattr_flags */
export const GetattrFlags = { FUSE_GETATTR_FH: 1 << 0 } as const;

/** fuse_lk_in.lk_flags */
export const LkFlags = { FUSE_LK_FLOCK: 1 << 0 } as const;

/** fuse_write_in.write_flags */
export const WriteFlags = {
  FUSE_WRITE_CACHE: 1 << 0,
  FUSE_WRITE_LOCKOWNER: 1 << 1,
  FUSE_WRITE_KILL_SUIDGID: 1 << 2,
} as const;

/** fuse_read_in.read_flags */
export const ReadFlags = { FUSE_READ_LOCKOWNER: 1 << 1 } as const;

/** fuse_ioctl_in.flags and fuse_ioctl_out.flags */
export const IoctlFlags = {
  FUSE_IOCTL_COMPAT: 1 << 0,
  FUSE_IOCTL_UNRESTRICTED: 1 << 1,
  FUSE_IOCTL_RETRY: 1 << 2,
  FUSE_IOCTL_32BIT: 1 << 3,
  FUSE_IOCTL_DIR: 1 << 4,
  FUSE_IOCTL_COMPAT_X32: 1 << 5,
} as const;

/** fuse_poll_in.flags */
export const PollFlags = { FUSE_POLL_SCHEDULE_NOTIFY: 1 << 0 } as const;

/** fuse_fsync_in.fsync_flags */
export const FsyncFlags = { FUSE_FSYNC_FDATASYNC: 1 << 0 } as const;

/** fuse_attr.flags */
export const AttrFlags = { FUSE_ATTR_SUBMOUNT: 1 << 0, FUSE_ATTR_DAX: 1 << 1 } as const;

/** fuse_setxattr_in.setxattr_flags */
export const SetxattrFlags = { FUSE_SETXATTR_ACL_KILL_SGID: 1 << 0 } as const;

/** fuse_setupmapping_in.flags */
export const SetupmappingFlags = {
  FUSE_SETUPMAPPING_FLAG_WRITE: 1 << 0,
  FUSE_SETUPMAPPING_FLAG_READ: 1 << 1,
} as const;

/** fuse_notify_inval_entry_out.flags */
export const InvalEntryFlags = { FUSE_EXPIRE_ONLY: 1 << 0 } as const;

/** `A|B` for the bits that are set, bits without a name in hex; "0" for none. */
export function flagNames(table: Readonly<Record<string, number>>, value: number): string {
  const names: string[] = [];
  let rest = value >>> 0;
  for (const [name, bit] of Object.entries(table)) {
    if ((rest & bit) !== 0) {
      names.push(name);
      rest = (rest & ~bit) >>> 0;
    }
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.length === 0 ? '0' : names.join('|');
}
