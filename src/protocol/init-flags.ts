/**
 * The capabilities of FUSE_INIT, 64 bits wide: the low half travels in `flags`, the high half in `flags2`.
 * Authority: include/uapi/linux/fuse.h (7.45), "INIT request/reply flags".
 */
export const InitFlags = {
  FUSE_ASYNC_READ: 1n << 0n,
  FUSE_POSIX_LOCKS: 1n << 1n,
  FUSE_FILE_OPS: 1n << 2n,
  FUSE_ATOMIC_O_TRUNC: 1n << 3n,
  FUSE_EXPORT_SUPPORT: 1n << 4n,
  FUSE_BIG_WRITES: 1n << 5n,
  FUSE_DONT_MASK: 1n << 6n,
  FUSE_SPLICE_WRITE: 1n << 7n,
  FUSE_SPLICE_MOVE: 1n << 8n,
  FUSE_SPLICE_READ: 1n << 9n,
  FUSE_FLOCK_LOCKS: 1n << 10n,
  FUSE_HAS_IOCTL_DIR: 1n << 11n,
  FUSE_AUTO_INVAL_DATA: 1n << 12n,
  FUSE_DO_READDIRPLUS: 1n << 13n,
  FUSE_READDIRPLUS_AUTO: 1n << 14n,
  FUSE_ASYNC_DIO: 1n << 15n,
  FUSE_WRITEBACK_CACHE: 1n << 16n,
  FUSE_NO_OPEN_SUPPORT: 1n << 17n,
  FUSE_PARALLEL_DIROPS: 1n << 18n,
  FUSE_HANDLE_KILLPRIV: 1n << 19n,
  FUSE_POSIX_ACL: 1n << 20n,
  FUSE_ABORT_ERROR: 1n << 21n,
  FUSE_MAX_PAGES: 1n << 22n,
  FUSE_CACHE_SYMLINKS: 1n << 23n,
  FUSE_NO_OPENDIR_SUPPORT: 1n << 24n,
  FUSE_EXPLICIT_INVAL_DATA: 1n << 25n,
  FUSE_MAP_ALIGNMENT: 1n << 26n,
  FUSE_SUBMOUNTS: 1n << 27n,
  FUSE_HANDLE_KILLPRIV_V2: 1n << 28n,
  FUSE_SETXATTR_EXT: 1n << 29n,
  FUSE_INIT_EXT: 1n << 30n,
  FUSE_INIT_RESERVED: 1n << 31n,
  FUSE_SECURITY_CTX: 1n << 32n,
  FUSE_HAS_INODE_DAX: 1n << 33n,
  FUSE_CREATE_SUPP_GROUP: 1n << 34n,
  FUSE_HAS_EXPIRE_ONLY: 1n << 35n,
  FUSE_DIRECT_IO_ALLOW_MMAP: 1n << 36n,
  FUSE_PASSTHROUGH: 1n << 37n,
  FUSE_NO_EXPORT_SUPPORT: 1n << 38n,
  FUSE_HAS_RESEND: 1n << 39n,
  FUSE_ALLOW_IDMAP: 1n << 40n,
  FUSE_OVER_IO_URING: 1n << 41n,
  FUSE_REQUEST_TIMEOUT: 1n << 42n,
} as const;

/** `A|B` for the bits that are set, bits without a name in hex; "0" for none. */
export function initFlagNames(value: bigint): string {
  const names: string[] = [];
  let rest = value;
  for (const [name, bit] of Object.entries(InitFlags)) {
    if ((rest & bit) !== 0n) {
      names.push(name);
      rest &= ~bit;
    }
  }
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return names.length === 0 ? '0' : names.join('|');
}
