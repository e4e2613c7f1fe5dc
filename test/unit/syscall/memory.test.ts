import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as memory from '../../../src/syscall/memory.js';

const READ_WRITE = memory.PROT_READ | memory.PROT_WRITE;
const BYTES = 64 * memory.PAGE_SIZE;

/** KiB of the mapping that begins there. */
function residentAt(address: bigint): number {
  const maps = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const found = maps.find((map) => {
    const [from, to] = (map.split(' ')[0] ?? '').split('-').map((bound) => BigInt(`0x${bound}`));
    return from !== undefined && to !== undefined && from <= address && address < to;
  });
  return Number(/^Rss:\s+(\d+) kB/m.exec(found ?? '')?.[1]);
}

test('a mapping in the place of another has its address, and nothing of what was there', (t) => {
  const flags = memory.MAP_SHARED | memory.MAP_ANONYMOUS;
  const address = memory.mmap(BYTES, READ_WRITE, flags, -1, 0);
  assert.ok(typeof address === 'bigint');
  t.after(() => memory.munmap(address, BYTES));
  memory.fill(address, 1, BYTES);
  assert.equal(residentAt(address), BYTES / 1024);
  assert.equal(memory.mmapOver(address, BYTES, memory.PROT_READ), address);
  assert.ok(residentAt(address) < BYTES / 1024);
});
