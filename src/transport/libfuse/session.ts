/**
 * What libfuse 2.9 agrees on with the kernel, which it does not ask us about.
 * Authority: do_init() in lib/fuse_lowlevel.c of libfuse 2.9.9.
 */
import { InitFlags } from '../../protocol/init-flags.js';

/**
 * Asynchronous requests (writeback, readahead) that the kernel sends without an answer; 12 unless libfuse is told
 * otherwise.  Each takes a thread and its buffer of 132 KiB.
 */
export const LIBFUSE_MAX_BACKGROUND = 4096;

/**
 * What libfuse 2.9.9 answers to INIT; everything it does not know is off.  FUSE_ASYNC_READ and FUSE_EXPORT_SUPPORT
 * are its defaults, FUSE_BIG_WRITES comes from our option, 32 pages from max_write.
 */
export const libfuseSession = {
  major: 7,
  minor: 19,
  flags: InitFlags.FUSE_ASYNC_READ | InitFlags.FUSE_EXPORT_SUPPORT | InitFlags.FUSE_BIG_WRITES,
  maxWriteBytes: 1 << 17,
  maxPages: 32,
  maxReadaheadBytes: 1 << 17,
} as const;
