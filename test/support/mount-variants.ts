/**
 * The kinds of mount that must behave alike.  A conformance test runs on each of them by `onEachMount`; where a kind
 * is known to differ, the difference has a name and its test is skipped with it.  README.md, "Differences between the
 * kinds of mount", lists the same names.
 */
import { mkdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, type TestContext } from 'node:test';
import { type MountPlace, mountedWith } from './mounted.js';
import { devFuse, libfuse, type Requirement, requires, root } from './requirement.js';

/** What each difference is, in a few words. */
const differences = {
  'byte-names': 'fuse-native hands names on as UTF-8',
  caller: 'fuse-native does not tell who asks: new files belong to the daemon',
  'ctime-of-the-store':
    'ctime is the time of writeback, not the one that the kernel kept: no system call sets it',
  fallocate: 'fuse-native has no fallocate',
  'hard-links': 'each name has an inode of its own in the kernel, which keeps its attributes',
  'large-xattrs': 'how large an extended attribute may be is for the filesystem below to say',
  'locks-of-the-server': 'the kernel keeps the locks itself',
  'ns-times': 'fuse-native has milliseconds, and one time for atime and mtime',
  'rename-flags': 'libfuse 2.9 knows no renameat2(2)',
  'seek-hole': 'libfuse 2.9 knows no LSEEK: all of a file is data',
  tmpfile: 'libfuse 2.9 knows no O_TMPFILE',
  'zero-range': 'tmpfs has no FALLOC_FL_ZERO_RANGE',
} as const;
type Difference = keyof typeof differences;

interface MountKind {
  readonly name: string;
  readonly needs: readonly Requirement[];
  /** Options of `stuckfs mount`, and what they need made. */
  readonly options: (place: MountPlace) => readonly string[];
  readonly lacks: readonly Difference[];
}

const TMPFS_MAGIC = 0x01021994;

const lackedByBacking: readonly Difference[] = [
  'ctime-of-the-store',
  'large-xattrs',
  ...(statfsSync(tmpdir()).type === TMPFS_MAGIC ? (['zero-range'] as const) : []),
];
const lackedByLibfuse: readonly Difference[] = [
  'byte-names',
  'caller',
  'fallocate',
  'hard-links',
  'locks-of-the-server',
  'ns-times',
  'rename-flags',
  'seek-hole',
  'tmpfile',
];

function backing(place: MountPlace): readonly string[] {
  const directory = place.outside('backing');
  mkdirSync(directory, { recursive: true });
  return ['--backing', directory];
}

const kinds: readonly MountKind[] = [
  { name: 'dev-fuse', needs: [], options: () => [], lacks: [] },
  { name: 'backing', needs: [], options: backing, lacks: lackedByBacking },
  { name: 'libfuse', needs: [libfuse], options: () => ['--transport', 'libfuse'], lacks: lackedByLibfuse },
];

interface Variant {
  readonly name: string;
  /** As `mounted` of mounted.ts, on this kind of mount. */
  readonly mounted: (context: TestContext, ...options: readonly string[]) => ReturnType<typeof mountedWith>;
  /** Options of node:test: empty, or `skip` where this kind of mount is known to differ. */
  readonly unlessLacking: (...differences: readonly Difference[]) => { readonly skip?: string };
  /** For what holds on every kind, but shows otherwise. */
  readonly isLacking: (difference: Difference) => boolean;
}

/** Declares the tests once for each kind of mount. */
export function onEachMount(title: string, declareTests: (variant: Variant) => void): void {
  for (const { name, needs, options, lacks } of kinds) {
    describe(`${title} (${name})`, requires(root, devFuse, ...needs), () =>
      declareTests({
        name,
        mounted: (context, ...more) => mountedWith(context, (place) => [...options(place), ...more]),
        unlessLacking: (...wanted) => {
          const lacked = wanted.filter((difference) => lacks.includes(difference));
          if (lacked.length === 0) return {};
          return {
            skip: lacked
              .map((difference) => `${name} lacks ${difference}: ${differences[difference]}`)
              .join('; '),
          };
        },
        isLacking: (difference) => lacks.includes(difference),
      }),
    );
  }
}
