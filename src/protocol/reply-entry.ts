/**
 * Replies that make an inode known: LOOKUP, MKNOD, MKDIR, SYMLINK, LINK (struct fuse_entry_out), and CREATE and
 * TMPFILE (the same with struct fuse_open_out behind).  Each raises the lookup count by one.
 * Authority: include/uapi/linux/fuse.h; fs/fuse/dir.c (fuse_lookup_name).
 */
import type { NodeId, Unique } from '../base/branded.js';
import { allocating, OUT_HEADER_SIZE, startReply } from './reply.js';
import { ATTR_SIZE, type Attr, putAttr } from './reply-attr.js';
import { putCount, putS32, putU32, putU64, putZero } from './wire.js';

/** struct fuse_entry_out; validity in seconds and nanoseconds. */
export interface EntryOut {
  readonly nodeid: NodeId;
  /** nodeid and generation together must be unique for the life of the filesystem. */
  readonly generation: number;
  readonly entry_valid: number;
  readonly attr_valid: number;
  readonly entry_valid_nsec: number;
  readonly attr_valid_nsec: number;
  readonly attr: Attr;
}

export const ENTRY_OUT_SIZE = 40 + ATTR_SIZE;

export function putEntry(into: Buffer, at: number, entry: EntryOut): void {
  putCount(into, at, entry.nodeid, 'nodeid');
  putCount(into, at + 8, entry.generation, 'generation');
  putCount(into, at + 16, entry.entry_valid, 'entry_valid');
  putCount(into, at + 24, entry.attr_valid, 'attr_valid');
  putU32(into, at + 32, entry.entry_valid_nsec, 'entry_valid_nsec');
  putU32(into, at + 36, entry.attr_valid_nsec, 'attr_valid_nsec');
  putAttr(into, at + 40, entry.attr);
}

export function encodeEntryInto(into: Buffer, unique: Unique, entry: EntryOut): number {
  const length = startReply(into, unique, ENTRY_OUT_SIZE);
  putEntry(into, 16, entry);
  return length;
}
export const encodeEntry = allocating(OUT_HEADER_SIZE + ENTRY_OUT_SIZE, encodeEntryInto);

export function encodeNegativeEntryInto(
  into: Buffer,
  unique: Unique,
  entry_valid: number,
  entry_valid_nsec: number,
): number {
  const length = startReply(into, unique, ENTRY_OUT_SIZE);
  putZero(into, 16, ENTRY_OUT_SIZE);
  putCount(into, 32, entry_valid, 'entry_valid');
  putU32(into, 48, entry_valid_nsec, 'entry_valid_nsec');
  return length;
}
/** "No such name", to be cached for that long: nodeid 0. ENOENT says the same uncached. */
export const encodeNegativeEntry = allocating(OUT_HEADER_SIZE + ENTRY_OUT_SIZE, encodeNegativeEntryInto);

/** struct fuse_open_out */
export interface OpenOut {
  readonly fh: bigint;
  /** Fopen */
  readonly open_flags: number;
  /** Only read with FOPEN_PASSTHROUGH; else 0. */
  readonly backing_id: number;
}

export const OPEN_OUT_SIZE = 16;

export function putOpen(into: Buffer, at: number, open: OpenOut): void {
  putU64(into, at, open.fh, 'fh');
  putU32(into, at + 8, open.open_flags, 'open_flags');
  putS32(into, at + 12, open.backing_id, 'backing_id');
}

export function encodeCreateInto(into: Buffer, unique: Unique, entry: EntryOut, open: OpenOut): number {
  const length = startReply(into, unique, ENTRY_OUT_SIZE + OPEN_OUT_SIZE);
  putEntry(into, 16, entry);
  putOpen(into, 16 + ENTRY_OUT_SIZE, open);
  return length;
}
/** CREATE and TMPFILE. */
export const encodeCreate = allocating(OUT_HEADER_SIZE + ENTRY_OUT_SIZE + OPEN_OUT_SIZE, encodeCreateInto);
