/** A directory listing as libfuse's filler takes it, from struct fuse_dirent records (fs/fuse/readdir.c). */
import { listedStatWords } from './stat-words.js';

export interface Listing {
  readonly names: string[];
  /** As many as names: type and inode number of each. */
  readonly stats: Uint32Array[];
}

export function noListing(): Listing {
  return { names: [], stats: [] };
}

const DIRENT_HEADER_SIZE = 24;
/** Larger than any record. */
const RECORD_ROOM = 512;

/** Adds the records.  `mayGoOn` where so many came that there was perhaps no room for another. */
export function readRecords(
  records: Buffer,
  roomBytes: number,
  { names, stats }: Listing,
): { readonly lastOffset: number; readonly mayGoOn: boolean } {
  let lastOffset = 0;
  for (let at = 0; at < records.length; ) {
    const nameStart = at + DIRENT_HEADER_SIZE;
    const nameEnd = nameStart + records.readUInt32LE(at + 16);
    lastOffset = Number(records.readBigUInt64LE(at + 8));
    names.push(records.toString('utf8', nameStart, nameEnd));
    stats.push(listedStatWords(Number(records.readBigUInt64LE(at)), records.readUInt32LE(at + 20)));
    at = (nameEnd + 7) & ~7;
  }
  return { lastOffset, mayGoOn: records.length > roomBytes - RECORD_ROOM };
}
