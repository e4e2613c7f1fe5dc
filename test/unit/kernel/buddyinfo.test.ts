import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBuddyinfo, readBuddyinfo } from '../../../src/kernel/buddyinfo.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

test('free blocks by zone and order', () => {
  const zones = parseBuddyinfo(fixture('buddyinfo-6.18'));
  assert.deepEqual(
    zones.map(({ node, zone, free }) => [node, zone, free.length]),
    [
      [0, 'DMA', 11],
      [0, 'DMA32', 11],
      [0, 'Normal', 11],
    ],
  );
  assert.deepEqual(parseBuddyinfo('Node 1, zone   Normal   12  0      3 \n'), [
    { node: 1, zone: 'Normal', free: [12, 0, 3] },
  ]);
});

test('another line is malformed', (t) => {
  for (const bad of ['Node 0, zone Normal', 'Node 0, zone Normal 1 x', 'junk']) {
    assert.throws(
      () => parseBuddyinfo(`Node 0, zone DMA 1\n${bad}\n`),
      kernelFileError('KERNEL_FILE_MALFORMED', { line: 2 }),
    );
  }
  assert.throws(
    () => readBuddyinfo(fakeRoot(t, {})),
    kernelFileError('KERNEL_FILE_UNREADABLE', { errno: 2 }),
  );
});
