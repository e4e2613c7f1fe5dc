/**
 * mmap(2), munmap(2), madvise(2), memcpy(3): mappings by their virtual address, never seen as an ArrayBuffer: koffi makes no
 * second view of an address that had one, and V8 none of more than 4 GiB.
 */
import { declare, orErrno, pointerOrErrno } from './libc.js';

/** Bytes of a base page. Every architecture that has the tracepoints in question is run with 4 KiB here. */
export const PAGE_SIZE = 4096;

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_HUGETLB = 0x40000;
export const MADV_DONTNEED = 4;
export const MADV_HUGEPAGE = 14;
export const MADV_NOHUGEPAGE = 15;
export const MADV_COLD = 20;
/** As MADV_DONTNEED, of memory that is locked (5.18). */
export const MADV_DONTNEED_LOCKED = 24;
/** Make it a huge page, now (6.1). */
export const MADV_COLLAPSE = 25;
/** Fault every page in for reading or for writing, without touching it from here (5.14). */
export const MADV_POPULATE_READ = 22;
export const MADV_POPULATE_WRITE = 23;

const cMmap = declare<
  (address: bigint | null, length: number, prot: number, flags: number, fd: number, offset: number) => bigint
>('void *mmap(void *address, size_t length, int prot, int flags, int fd, int64_t offset)');
const cMunmap = declare<(address: bigint, length: number) => number>(
  'int munmap(void *address, size_t length)',
);
const cMadvise = declare<(address: bigint, length: number, advice: number) => number>(
  'int madvise(void *address, size_t length, int advice)',
);

const cMlock = declare<(address: bigint, length: number) => number>(
  'int mlock(void *address, size_t length)',
);
const cMemcpy = declare<(to: bigint, from: Uint8Array, count: number) => bigint>(
  'void *memcpy(void *to, const void *from, size_t count)',
);

const cMemset = declare<(address: bigint, byte: number, count: number) => bigint>(
  'void *memset(void *address, int byte, size_t count)',
);

/** Stores the byte everywhere. */
export function fill(address: bigint, byte: number, length: number): void {
  cMemset(address, byte, length);
}

/** Stores `from` at an address of a mapping. A page that cannot be had there is SIGBUS. */
export function copyTo(address: bigint, from: Uint8Array): void {
  cMemcpy(address, from, from.length);
}

/** The address of the mapping (bigint), or -errno (number). */
export function mmap(
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): bigint | number {
  return pointerOrErrno(cMmap(null, length, prot, flags, fd, offset));
}

/** Memory of this process's own in the place of whatever is mapped there (MAP_FIXED): the same address, or -errno (number). */
export function mmapOver(address: bigint, length: number, prot: number): bigint | number {
  return pointerOrErrno(cMmap(address, length, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

export function munmap(address: bigint, length: number): number {
  return orErrno(cMunmap(address, length));
}

export function mlock(address: bigint, length: number): number {
  return orErrno(cMlock(address, length));
}

export function madvise(address: bigint, length: number, advice: number): number {
  return orErrno(cMadvise(address, length, advice));
}
