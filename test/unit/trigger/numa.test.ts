/** The triggers that move between NUMA nodes, as far as a machine with one node can tell. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { readZoneinfo } from '../../../src/kernel/zoneinfo.js';
import * as memory from '../../../src/syscall/memory.js';
import {
  MPOL_MF_MOVE_ALL,
  mbind,
  migratePages,
  movePages,
  NO_STATUS,
  nodemask,
} from '../../../src/syscall/numa.js';
import { descriptorOf } from '../../../src/syscall/pidfd.js';
import { countStatus } from '../../../src/trigger/move-pages.js';
import { lacksSecondNode, moveToOtherNode } from '../../../src/trigger/other-node.js';
import { triggers } from '../../../src/trigger/registry.js';
import { fakeRoot, fixture } from '../kernel/fixtures.js';

const has = (text: string) => ({ '/sys/devices/system/node/has_memory': text });

describe('two NUMA nodes', () => {
  it('are missed with what the kernel says, and with a remedy', (t) => {
    assert.match(
      lacksSecondNode(fakeRoot(t, has('0\n'))) ?? '',
      /two NUMA nodes with memory: \/sys\/devices\/system\/node\/has_memory says 0 .*-numa node/,
    );
    assert.match(lacksSecondNode(fakeRoot(t, has('\n'))) ?? '', /says none/);
    assert.equal(lacksSecondNode(fakeRoot(t, has('0-1\n'))), undefined);
    assert.equal(lacksSecondNode(fakeRoot(t, has('0,3\n'))), undefined);
  });
});

describe('what is checked before the call', () => {
  const mapping = { address: 0x7000n, bytes: 8192, fd: 5 };
  // Of two nodes: node 0 begins at frame 1, node 1 at frame 524288.
  const root = (t: TestContext, nodes: string) =>
    fakeRoot(t, { '/proc/zoneinfo': fixture('zoneinfo-6.1'), ...has(nodes) });

  it('is the node of the set, another one with memory, and the mapping', (t) => {
    const set = (...pfns: number[]) => ({ stuckPfns: Float64Array.from(pfns), mapping });
    assert.deepEqual(moveToOtherNode(set(2, 3, 524_288), root(t, '0-1\n')), {
      from: 0,
      to: 1,
      mapping,
      asked: [[2, 4]],
    });
    assert.deepEqual(moveToOtherNode(set(-1, 524_288), root(t, '0-1\n')), {
      from: 1,
      to: 0,
      mapping,
      asked: [[524_288, 524_289]],
    });
  });

  it('is, of the set, what does not lie on that node already', (t) => {
    const stuckPfns = Float64Array.of(9, 524_290, -1, 3, 524_288, 2, 8, 6);
    const move = moveToOtherNode({ stuckPfns, mapping }, root(t, '0-1\n'));
    assert.ok(typeof move === 'object');
    assert.equal(move.to, 1);
    assert.deepEqual(move.asked, [
      [2, 4],
      [6, 7],
      [8, 10],
    ]);
  });

  it('answers -errno without another node, or without a mapping', (t) => {
    const stuckPfns = Float64Array.of(2);
    assert.equal(moveToOtherNode({ stuckPfns, mapping }, root(t, '0\n')), -Errno.ENODEV);
    assert.equal(
      moveToOtherNode({ stuckPfns: Float64Array.of(-1), mapping }, root(t, '0-1\n')),
      -Errno.ENODEV,
    );
    assert.equal(moveToOtherNode({ stuckPfns, mapping: undefined }, root(t, '0-1\n')), -Errno.ENOENT);
  });
});

describe('the status of move_pages(2)', () => {
  it('is counted by node and by errno, and pages without one are told apart', () => {
    const status = Int32Array.of(1, 1, 0, -Errno.EBUSY, -Errno.ENOENT, NO_STATUS, NO_STATUS);
    assert.deepEqual(countStatus(status), { 'node 1': 2, 'node 0': 1, EBUSY: 1, ENOENT: 1, none: 2 });
  });
});

describe('the system calls', () => {
  const anonymous = memory.MAP_PRIVATE | memory.MAP_ANONYMOUS;
  const bytes = 4 * memory.PAGE_SIZE;
  const node = readZoneinfo().find(({ managed }) => managed > 0)?.node ?? 0;

  it('move_pages: pages that are there are where they are asked to be, the others ENOENT', () => {
    const address = memory.mmap(bytes, memory.PROT_READ | memory.PROT_WRITE, anonymous, -1, 0);
    assert.ok(typeof address === 'bigint');
    memory.copyTo(address, Uint8Array.of(1));
    const { result, status } = movePages(process.pid, address, 4, memory.PAGE_SIZE, node, 2);
    assert.equal(result, 0);
    assert.ok((status[0] ?? -1) >= 0);
    assert.equal(status[3], -Errno.ENOENT);
    memory.munmap(address, bytes);
  });

  it('answer -errno for what they are not to be asked', () => {
    assert.equal(movePages(process.pid, 0n, 1, memory.PAGE_SIZE, 1023, 2).result, -Errno.ENODEV);
    assert.equal(migratePages(process.pid, [node], [1023]), -Errno.EINVAL);
    assert.equal(mbind(1n, bytes, [node], MPOL_MF_MOVE_ALL), -Errno.EINVAL);
    assert.equal(descriptorOf(process.pid, 1_000_000), -Errno.EBADF);
  });

  it('a nodemask has a bit for each node', () => {
    assert.deepEqual([...nodemask([0, 9]).subarray(0, 3)], [1, 2, 0]);
  });
});

describe('every trigger', () => {
  it('names its modes, and says why it cannot run or that it can', () => {
    assert.equal(new Set(triggers.map(({ id }) => id)).size, triggers.length);
    for (const trigger of triggers) {
      assert.match(trigger.id, /^[a-z]+(-[a-z]+)*$/);
      assert.ok(trigger.migrateModes.length > 0);
      const missing = trigger.missing();
      assert.ok(missing === undefined || missing.length > 20, trigger.id);
    }
  });
});
