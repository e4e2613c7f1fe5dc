import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PagemapFlag, parsePagemap, readPagemap } from '../../../src/kernel/pagemap.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

const bit = (n: number) => 1n << BigInt(n);

test('each bit of an entry is told from the others', () => {
  const range = parsePagemap(
    BigUint64Array.of(
      bit(63) | bit(56) | 0x12345678an,
      bit(63) | bit(61) | bit(55) | (bit(55) - 1n),
      bit(63),
      0n,
      bit(62) | (0x77n << 5n) | 30n,
      bit(57) | bit(58),
    ),
  );
  assert.deepEqual([...range.pfns], [0x12345678a, Number(bit(55) - 1n), -1, -1, -1, -1]);
  assert.deepEqual(
    [...range.flags],
    [
      PagemapFlag.PRESENT | PagemapFlag.MMAP_EXCLUSIVE,
      PagemapFlag.PRESENT | PagemapFlag.FILE | PagemapFlag.SOFT_DIRTY,
      PagemapFlag.PRESENT,
      0,
      PagemapFlag.SWAP,
      PagemapFlag.UFFD_WP | PagemapFlag.GUARD_REGION,
    ],
  );
  assert.deepEqual([...range.swapTypes], [255, 255, 255, 255, 30, 255]);
});

test('a range is read from its place in the file', (t) => {
  const entries = BigUint64Array.of(1n, bit(63) | 5n, bit(63) | 6n, 0n);
  const root = fakeRoot(t, { '/proc/9/pagemap': new Uint8Array(entries.buffer) });
  assert.deepEqual([...readPagemap(9, 4096n, 2, root).pfns], [5, 6]);
  assert.deepEqual([...readPagemap(9, 8192, 1, root).pfns], [6]);
});

test('beyond the end, off the page, or gone: an error each', (t) => {
  const root = fakeRoot(t, { '/proc/9/pagemap': new Uint8Array(16) });
  assert.throws(
    () => readPagemap(9, 4096, 2, root),
    kernelFileError('KERNEL_FILE_MALFORMED', { expected: /2 entries from 1 on/ }),
  );
  assert.throws(
    () => readPagemap(9, 100, 1, root),
    kernelFileError('KERNEL_FILE_MALFORMED', { expected: /multiple of 4096/ }),
  );
  assert.throws(() => readPagemap(8, 0, 1, root), kernelFileError('KERNEL_FILE_UNREADABLE', { errno: 2 }));
});
