/**
 * The kinds of mount that must behave alike.  A conformance test runs on each of them by `onEachMount`; where a kind
 * is known to differ, the difference has a name and its test is skipped with it.  README.md, "Differences between the
 * kinds of mount", lists the same names.
 */
import { mkdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, type TestContext } from 'node:test';
import { type MountPlace, mountedWith } from './mounted.js';
import { devFuse, type Requirement, requires, root } from './requirement.js';

/** What each difference is, in a few words. */
const differences = {
  'ctime-of-the-store':
    'ctime is the time of writeback, not the one that the kernel kept: no system call sets it',
  'large-xattrs': 'how large an extended attribute may be is for the filesystem below to say',
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

const kinds: readonly MountKind[] = [
  { name: 'dev-fuse', needs: [], options: () => [], lacks: [] },
  {
    name: 'backing',
    needs: [],
    options: (place) => {
      const directory = place.outside('backing');
      mkdirSync(directory, { recursive: true });
      return ['--backing', directory];
    },
    lacks: [
      'ctime-of-the-store',
      'large-xattrs',
      ...(statfsSync(tmpdir()).type === TMPFS_MAGIC ? (['zero-range'] as const) : []),
    ],
  },
];

interface Variant {
  /** As `mounted` of mounted.ts, on this kind of mount. */
  readonly mounted: (context: TestContext, ...options: readonly string[]) => ReturnType<typeof mountedWith>;
  /** Options of node:test: empty, or `skip` where this kind of mount is known to differ. */
  readonly unlessLacking: (difference: Difference) => { readonly skip?: string };
}

/** Declares the tests once for each kind of mount. */
export function onEachMount(title: string, declareTests: (variant: Variant) => void): void {
  for (const { name, needs, options, lacks } of kinds) {
    describe(`${title} (${name})`, requires(root, devFuse, ...needs), () =>
      declareTests({
        mounted: (context, ...more) => mountedWith(context, (place) => [...options(place), ...more]),
        unlessLacking: (difference) =>
          lacks.includes(difference)
            ? { skip: `${name} lacks ${difference}: ${differences[difference]}` }
            : {},
      }),
    );
  }
}
