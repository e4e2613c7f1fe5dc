/**
 * The options of a mount by libfuse, and what libfuse cannot be asked for.  Values are not escaped on their way to
 * it, so only words that were checked (parseMountOptions) and numbers of ours go in.
 * Authority: lib/mount.c, lib/fuse.c and lib/fuse_lowlevel.c of libfuse 2.9.
 */
import { UsageError } from '../../base/errors.js';
import { MountFlag } from '../../syscall/mount.js';
import type { MountOptions } from '../mount-options.js';

export interface LibfuseWishes {
  readonly maxBackground: number;
  readonly attrTimeoutMs: number;
  readonly entryTimeoutMs: number;
}

/** MS_* of mount(2) that libfuse has a word for. */
const flagWords: readonly (readonly [flag: number, word: string])[] = [
  [MountFlag.MS_RDONLY, 'ro'],
  [MountFlag.MS_NOEXEC, 'noexec'],
  [MountFlag.MS_SYNCHRONOUS, 'sync'],
  [MountFlag.MS_DIRSYNC, 'dirsync'],
  [MountFlag.MS_NOATIME, 'noatime'],
];
/** What libfuse sets unless it is told the opposite. */
const defaults: readonly (readonly [flag: number, opposite: string])[] = [
  [MountFlag.MS_NOSUID, 'suid'],
  [MountFlag.MS_NODEV, 'dev'],
];
const wordless: readonly (readonly [flag: number, word: string])[] = [
  [MountFlag.MS_NODIRATIME, 'nodiratime'],
  [MountFlag.MS_RELATIME, 'relatime'],
  [MountFlag.MS_STRICTATIME, 'strictatime'],
];

/** @throws {UsageError} for a word of `-o` that libfuse 2.9 does not know */
export function refuseForLibfuse({ flags }: MountOptions): void {
  const unknown = wordless.find(([flag]) => (flags & flag) !== 0);
  if (unknown === undefined) return;
  throw new UsageError('-o', unknown[1], 'libfuse 2.9 has no such option; use --transport dev-fuse');
}

/** One argument for fuse_mount() and fuse_new(). */
export function libfuseOptions({ flags, data, source }: MountOptions, wishes: LibfuseWishes): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(3);
  const words = [
    `fsname=${source}`,
    // Makes the type fuse.stuckfs, by which rescue knows a mount of ours.
    'subtype=stuckfs',
    ...flagWords.filter(([flag]) => (flags & flag) !== 0).map(([, word]) => word),
    ...defaults.filter(([flag]) => (flags & flag) === 0).map(([, word]) => word),
    ...data,
    'big_writes',
    // Else OPEN drops the clean folios, and waits for those under writeback.
    'kernel_cache',
    // Inode numbers are the store's, as on dev-fuse.
    'use_ino',
    `max_background=${wishes.maxBackground}`,
    `congestion_threshold=${wishes.maxBackground}`,
    `attr_timeout=${seconds(wishes.attrTimeoutMs)}`,
    `entry_timeout=${seconds(wishes.entryTimeoutMs)}`,
    `negative_timeout=${seconds(wishes.entryTimeoutMs)}`,
  ];
  return `-o${words.join(',')}`;
}
