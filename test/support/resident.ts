/** How many pages of a file are in the page cache, by mincore(2) of a mapping that nobody touches. */
import assert from 'node:assert/strict';
import { declare, orErrno } from '../../src/syscall/libc.js';
import { MAP_SHARED, mmap, munmap, PAGE_SIZE, PROT_READ } from '../../src/syscall/memory.js';

const cMincore = declare<(address: bigint, length: number, into: Uint8Array) => number>(
  'int mincore(void *address, size_t length, void *into)',
);

/** Of the first `length` bytes. Sends no request to a FUSE server. */
export function residentPages(fd: number, length: number): number {
  const address = mmap(length, PROT_READ, MAP_SHARED, fd, 0);
  assert.ok(typeof address === 'bigint', `mmap: errno ${address}`);
  const pages = new Uint8Array(Math.ceil(length / PAGE_SIZE));
  const result = orErrno(cMincore(address, length, pages));
  munmap(address, length);
  assert.equal(result, 0, `mincore: errno ${-result}`);
  return pages.filter((page) => (page & 1) !== 0).length;
}
