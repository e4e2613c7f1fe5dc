/**
 * The words of `-o`: which become flags of mount(2), which go to fuse in the data string, which we take
 * ourselves.  Owns the whitelist; a word that is not on it is an error, never passed on.
 * Authority: fuse_parse_param() in fs/fuse/inode.c, mount(8), mount.fuse3(8).
 */
import { UsageError } from '../base/errors.js';
import { MountFlag } from '../syscall/mount.js';

export interface MountOptions {
  /** MS_* of mount(2). */
  readonly flags: number;
  /** Words for the data string of mount(2), besides fd, rootmode, user_id and group_id. */
  readonly data: readonly string[];
  /** What /proc/mounts shows as the device. */
  readonly source: string;
  readonly readOnly: boolean;
}

type FlagChange = readonly [set: number, clear: number];

const flagWords: Readonly<Record<string, FlagChange>> = {
  ro: [MountFlag.MS_RDONLY, 0],
  rw: [0, MountFlag.MS_RDONLY],
  nosuid: [MountFlag.MS_NOSUID, 0],
  suid: [0, MountFlag.MS_NOSUID],
  nodev: [MountFlag.MS_NODEV, 0],
  dev: [0, MountFlag.MS_NODEV],
  noexec: [MountFlag.MS_NOEXEC, 0],
  exec: [0, MountFlag.MS_NOEXEC],
  sync: [MountFlag.MS_SYNCHRONOUS, 0],
  async: [0, MountFlag.MS_SYNCHRONOUS],
  dirsync: [MountFlag.MS_DIRSYNC, 0],
  noatime: [MountFlag.MS_NOATIME, 0],
  atime: [0, MountFlag.MS_NOATIME],
  nodiratime: [MountFlag.MS_NODIRATIME, 0],
  relatime: [MountFlag.MS_RELATIME, 0],
  strictatime: [MountFlag.MS_STRICTATIME, 0],
};

const dataWords: ReadonlySet<string> = new Set(['allow_other', 'default_permissions']);
const known = [...Object.keys(flagWords), ...dataWords, 'max_read=BYTES', 'fsname=NAME'].join(', ');

/** Visible in /proc/mounts, whose fields are split at blanks; a comma would end the word. */
const fsname = /^[A-Za-z0-9_.:@/+-]{1,255}$/;

/**
 * Reads the words of one or more `-o` arguments; later words win.
 * @throws {UsageError} naming the word that is not known or whose value is wrong
 */
export function parseMountOptions(given: readonly string[]): MountOptions {
  let flags = MountFlag.MS_NOSUID | MountFlag.MS_NODEV;
  let source = 'stuckfs';
  const data = new Map<string, string>([['default_permissions', 'default_permissions']]);

  for (const word of given.flatMap((words) => words.split(','))) {
    const change = Object.hasOwn(flagWords, word) ? flagWords[word] : undefined;
    if (change !== undefined) {
      flags = (flags | change[0]) & ~change[1];
    } else if (dataWords.has(word)) {
      data.set(word, word);
    } else if (word.startsWith('max_read=')) {
      data.set('max_read', `max_read=${maxRead(word)}`);
    } else if (word.startsWith('fsname=')) {
      source = word.slice('fsname='.length);
      if (!fsname.test(source)) {
        throw new UsageError(
          '-o fsname',
          source,
          'give 1 to 255 of the characters A-Z a-z 0-9 _ . : @ / + -',
        );
      }
    } else {
      throw new UsageError('-o', word, `not a mount option; known: ${known}`);
    }
  }
  return { flags, data: [...data.values()], source, readOnly: (flags & MountFlag.MS_RDONLY) !== 0 };
}

/** fuse takes any u32 and raises it to a page; below that it is a mistake of the caller's. */
function maxRead(word: string): number {
  const value = word.slice('max_read='.length);
  const bytes = Number(value);
  if (!/^\d{1,10}$/.test(value) || bytes < 4096 || bytes > 0xffff_ffff) {
    throw new UsageError('-o max_read', value, 'give a number of bytes from 4096 to 4294967295');
  }
  return bytes;
}
