/**
 * INIT: what we ask of the kernel, what it offers, and what the two agree on.  Pure.
 * Authority: fuse_send_init() and process_init_reply() in fs/fuse/inode.c.
 */
import { PAGE_BYTES } from '../base/page-size.js';
import { InitFlags } from '../protocol/init-flags.js';
import { FUSE_KERNEL_MINOR_VERSION } from '../protocol/reply-session.js';
import type { Negotiated } from '../protocol/request.js';
import { FUSE_KERNEL_VERSION, type InitRequest } from '../protocol/request-session.js';

/** Below this the kernel is older than any that the product is about. */
const OLDEST_MINOR = 31;

export interface SessionWishes {
  readonly writebackCache: boolean;
  /** Pages of one request. */
  readonly maxPages: number;
  readonly maxBackground: number;
  /** FOPEN_NOFLUSH on every file. */
  readonly noFlush?: boolean;
}

/** What INIT settled; all sizes in bytes. */
export interface Session extends Negotiated {
  readonly major: number;
  readonly maxWriteBytes: number;
  readonly maxPages: number;
  readonly maxBackground: number;
  readonly congestionThreshold: number;
  readonly maxReadaheadBytes: number;
}

/**
 * Asked for wherever the kernel has it.  Left out: FUSE_POSIX_ACL and FUSE_SECURITY_CTX (the store keeps none),
 * FUSE_DONT_MASK (the kernel applies the umask), FUSE_NO_OPEN_SUPPORT (OPEN must be there to be withheld),
 * FUSE_SPLICE_* (a hint to libfuse only).
 */
const wanted =
  InitFlags.FUSE_ASYNC_READ |
  InitFlags.FUSE_POSIX_LOCKS |
  InitFlags.FUSE_FLOCK_LOCKS |
  InitFlags.FUSE_ATOMIC_O_TRUNC |
  InitFlags.FUSE_EXPORT_SUPPORT |
  InitFlags.FUSE_BIG_WRITES |
  InitFlags.FUSE_HAS_IOCTL_DIR |
  InitFlags.FUSE_DO_READDIRPLUS |
  InitFlags.FUSE_READDIRPLUS_AUTO |
  InitFlags.FUSE_ASYNC_DIO |
  InitFlags.FUSE_PARALLEL_DIROPS |
  InitFlags.FUSE_ABORT_ERROR |
  InitFlags.FUSE_MAX_PAGES |
  InitFlags.FUSE_CACHE_SYMLINKS |
  InitFlags.FUSE_HANDLE_KILLPRIV_V2 |
  InitFlags.FUSE_SETXATTR_EXT |
  InitFlags.FUSE_INIT_EXT |
  InitFlags.FUSE_DIRECT_IO_ALLOW_MMAP;

/** The agreement, or undefined when the kernel's protocol is not one that we speak. */
export function negotiate(init: InitRequest, wishes: SessionWishes): Session | undefined {
  if (init.major !== FUSE_KERNEL_VERSION || init.minor < OLDEST_MINOR) return undefined;
  const offered = BigInt(init.flags) | (BigInt(init.flags2) << 32n);
  const writeback = wishes.writebackCache ? InitFlags.FUSE_WRITEBACK_CACHE : 0n;
  // close(2) drops record locks with FLUSH (fuse_setlk() in fs/fuse/file.c), which FOPEN_NOFLUSH leaves out, and
  // RELEASE does not tell the process.  Without this flag the kernel keeps the record locks, and drops them, itself.
  const locks = wishes.noFlush === true ? InitFlags.FUSE_POSIX_LOCKS : 0n;
  const flags = offered & (wanted | writeback) & ~locks;
  // Without FUSE_MAX_PAGES the kernel stays at FUSE_DEFAULT_MAX_PAGES_PER_REQ (fs/fuse/fuse_i.h).
  const maxPages = (flags & InitFlags.FUSE_MAX_PAGES) === 0n ? 32 : wishes.maxPages;
  return {
    major: FUSE_KERNEL_VERSION,
    minor: Math.min(init.minor, FUSE_KERNEL_MINOR_VERSION),
    flags,
    maxPages,
    maxWriteBytes: maxPages * PAGE_BYTES,
    maxBackground: wishes.maxBackground,
    // As many as may be out: a bdi that counts as congested holds readahead back.
    congestionThreshold: wishes.maxBackground,
    maxReadaheadBytes: init.max_readahead,
  };
}
