import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readKpagecount, readKpagecountOf } from '../../../src/kernel/kpagecount.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

test('counts are read by range and by list; there is no count beyond the last frame', (t) => {
  const entries = BigUint64Array.of(0n, 3n, 0n, 1n);
  const root = fakeRoot(t, { '/proc/kpagecount': new Uint8Array(entries.buffer) });
  assert.deepEqual([...readKpagecount(1, 3, root)], [3n, 0n, 1n]);
  assert.deepEqual([...readKpagecountOf([3, 1], root)], [1n, 3n]);
  assert.throws(
    () => readKpagecount(2, 3, root),
    kernelFileError('KERNEL_FILE_MALFORMED', { file: '/proc/kpagecount' }),
  );
});
