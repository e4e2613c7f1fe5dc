/**
 * struct stat and struct statvfs as fuse-native takes them: u32 words, 64-bit fields as low and high word, times in
 * milliseconds.  Authority: populate_stat() and populate_statvfs() in fuse-native.c.
 */
import type { Attr } from '../../protocol/reply-attr.js';
import type { Kstatfs } from '../../protocol/reply-session.js';

const TWO_32 = 2 ** 32;
const STAT_WORDS = 18;
const STATVFS_WORDS = 11;

/** Times before 1970 become 1970: the words are unsigned. */
function msOf(sec: number, nsec: number): number {
  return Math.max(0, sec * 1000 + Math.floor(nsec / 1_000_000));
}

export function statWords(attr: Attr): Uint32Array {
  const words = new Uint32Array(STAT_WORDS);
  const wide = (at: number, value: number) => {
    words[at] = value % TWO_32;
    words[at + 1] = Math.floor(value / TWO_32);
  };
  words[0] = attr.mode;
  words[1] = attr.uid;
  words[2] = attr.gid;
  wide(3, attr.size);
  words[6] = attr.nlink;
  words[7] = attr.ino;
  words[8] = attr.rdev;
  words[9] = attr.blksize;
  wide(10, attr.blocks);
  wide(12, msOf(attr.atime, attr.atimensec));
  wide(14, msOf(attr.mtime, attr.mtimensec));
  wide(16, msOf(attr.ctime, attr.ctimensec));
  return words;
}

/** For a listing: only type and inode number are looked at (fill_dir() in libfuse's fuse.c). @param type DT_* */
export function listedStatWords(ino: number, type: number): Uint32Array {
  const words = new Uint32Array(STAT_WORDS);
  words[0] = type << 12;
  words[6] = 1;
  words[7] = ino;
  return words;
}

export const noStatWords: Uint32Array = new Uint32Array(STAT_WORDS);

export function statvfsWords(st?: Kstatfs): Uint32Array {
  const words = new Uint32Array(STATVFS_WORDS);
  if (st === undefined) return words;
  words.set([
    st.bsize,
    st.frsize,
    st.blocks,
    st.bfree,
    st.bavail,
    st.files,
    st.ffree,
    st.ffree,
    0,
    0,
    st.namelen,
  ]);
  return words;
}

/** What the two words of a 64-bit count say. */
export function count(low: number, high: number): number {
  return high * TWO_32 + low;
}

/** The same for milliseconds, which are negative before 1970. */
export function signedMs(low: number, high: number): number {
  return (high | 0) * TWO_32 + low;
}
