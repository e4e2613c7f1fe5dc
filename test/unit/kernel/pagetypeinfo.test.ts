import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePagetypeinfo, readPagetypeinfo } from '../../../src/kernel/pagetypeinfo.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

test('6.18: free lists and pageblocks by migrate type', () => {
  const info = parsePagetypeinfo(fixture('pagetypeinfo-6.18'));
  assert.equal(info.pageBlockOrder, 9);
  assert.equal(info.pagesPerBlock, 512);
  assert.equal(info.free.length, 15);
  assert.deepEqual(info.free[1], {
    node: 0,
    zone: 'DMA',
    migrateType: 'Movable',
    free: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3],
    atLeast: [],
  });
  assert.deepEqual(
    info.blocks.map(({ zone, blocks }) => [zone, [...blocks.keys()]]),
    ['DMA', 'DMA32', 'Normal'].map((zone) => [
      zone,
      ['Unmovable', 'Movable', 'Reclaimable', 'HighAtomic', 'Isolate'],
    ]),
  );
  assert.equal(info.blocks[0]?.blocks.get('Movable'), 7);
});

test('two nodes, a list too long to count, and the mixed blocks of CONFIG_PAGE_OWNER left out', () => {
  const info = parsePagetypeinfo(fixture('pagetypeinfo-6.1-two-nodes'));
  assert.deepEqual(info.free[1]?.free.slice(0, 2), [100000, 12]);
  assert.deepEqual(info.free[1]?.atLeast, [0]);
  assert.deepEqual(
    info.free.map(({ node, migrateType }) => [node, migrateType]),
    [
      [0, 'Unmovable'],
      [0, 'Movable'],
      [0, 'CMA'],
      [1, 'Unmovable'],
    ],
  );
  assert.deepEqual(
    info.blocks.map(({ node, blocks }) => [node, blocks.get('Unmovable'), blocks.get('CMA')]),
    [
      [0, 41, 20],
      [1, 1, 3],
    ],
  );
});

test('a table that does not fit its header is malformed', (t) => {
  const text = fixture('pagetypeinfo-6.1-two-nodes');
  assert.throws(
    () => parsePagetypeinfo(text.replace('41         1219           20', '41         1219')),
    kernelFileError('KERNEL_FILE_MALFORMED', { line: 10, expected: /3 counts/ }),
  );
  assert.throws(
    () => parsePagetypeinfo(text.replace('>100000', '>many')),
    kernelFileError('KERNEL_FILE_MALFORMED', { line: 6 }),
  );
  assert.throws(() => parsePagetypeinfo('junk\n'), kernelFileError('KERNEL_FILE_MALFORMED', { line: 1 }));
  assert.throws(() => parsePagetypeinfo(''), kernelFileError('KERNEL_FILE_MALFORMED'));
  assert.throws(
    () => readPagetypeinfo(fakeRoot(t, {})),
    kernelFileError('KERNEL_FILE_UNREADABLE', { errno: 2 }),
  );
});
