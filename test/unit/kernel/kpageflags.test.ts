import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hasKpf,
  kpfMask,
  kpfNamesOf,
  readKpageflags,
  readKpageflagsOf,
  scanKpageflags,
} from '../../../src/kernel/kpageflags.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

const writeback = (1n << 3n) | (1n << 5n) | (1n << 8n);
const owned = (1n << 35n) | (1n << 31n);

function rootWith(t: Parameters<typeof fakeRoot>[0], entries: BigUint64Array): string {
  return fakeRoot(t, { '/proc/kpageflags': new Uint8Array(entries.buffer, 0, entries.byteLength) });
}

test('bits have the names of the kernel, also above 31, and unknown ones a number', () => {
  assert.deepEqual(kpfNamesOf(writeback), ['UPTODATE', 'LRU', 'WRITEBACK']);
  assert.deepEqual(kpfNamesOf((1n << 20n) | (1n << 26n) | (1n << 32n) | (1n << 42n)), [
    'NOPAGE',
    'PGTABLE',
    'RESERVED',
    'ARCH_3',
  ]);
  assert.deepEqual(kpfNamesOf(1n << 63n), ['bit63']);
  assert.equal(hasKpf(owned, 'PRIVATE'), true);
  assert.equal(hasKpf(owned, 'PRIVATE_2'), false);
  assert.equal(hasKpf(owned, 'REFERENCED'), false);
});

test('a range and a list are read from their places', (t) => {
  const root = rootWith(t, BigUint64Array.of(0n, 1n, 2n, 3n, 4n, 5n));
  assert.deepEqual([...readKpageflags(2, 3, root)], [2n, 3n, 4n]);
  assert.deepEqual([...readKpageflagsOf([1, 2, 3, 5, 0, 4, 4], root)], [1n, 2n, 3n, 5n, 0n, 4n, 4n]);
  assert.deepEqual([...readKpageflagsOf(Float64Array.of(5), root)], [5n]);
  assert.deepEqual([...readKpageflagsOf([], root)], []);
});

test('a frame beyond the last, or no number of a frame, is an error', (t) => {
  const root = rootWith(t, BigUint64Array.of(0n, 1n));
  assert.throws(
    () => readKpageflagsOf([1, 2], root),
    kernelFileError('KERNEL_FILE_MALFORMED', { file: '/proc/kpageflags' }),
  );
  assert.throws(() => readKpageflagsOf([-1], root), kernelFileError('KERNEL_FILE_MALFORMED'));
  assert.throws(
    () => readKpageflags(0, 1, fakeRoot(t, {})),
    kernelFileError('KERNEL_FILE_UNREADABLE', { errno: 2 }),
  );
});

test('a scan visits each frame once across chunks, with both halves, and stops at the end', (t) => {
  const nrPages = 131072 * 2 + 5;
  const entries = new BigUint64Array(nrPages);
  entries[7] = writeback;
  entries[131072] = owned;
  entries[nrPages - 1] = writeback | owned;
  const root = rootWith(t, entries);
  const wb = kpfMask('WRITEBACK');
  const priv = kpfMask('PRIVATE');
  const seen: [number, string][] = [];
  let next = 1;
  const scanned = scanKpageflags(
    1,
    nrPages + 100,
    (pfn, low, high) => {
      assert.equal(pfn, next++);
      if ((low & wb.low) !== 0) seen.push([pfn, 'writeback']);
      if ((high & priv.high) !== 0) seen.push([pfn, 'private']);
    },
    root,
  );
  assert.equal(scanned, nrPages - 1);
  assert.deepEqual(seen, [
    [7, 'writeback'],
    [131072, 'private'],
    [nrPages - 1, 'writeback'],
    [nrPages - 1, 'private'],
  ]);
});

test('a mask holds the bits of several names', () => {
  assert.deepEqual(kpfMask('LOCKED', 'WRITEBACK', 'RESERVED', 'PRIVATE'), { low: 0x101, high: 0x9 });
});
