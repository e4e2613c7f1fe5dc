/**
 * Memory policy and migration between NUMA nodes: move_pages(2), migrate_pages(2), mbind(2).  glibc wraps none of them.
 * Authority: mm/migrate.c (do_pages_move), mm/mempolicy.c, include/uapi/linux/mempolicy.h.
 */
import { declare, orErrno } from './libc.js';
import { callNumber } from './raw.js';

/** Also pages that other processes have mapped: wants CAP_SYS_NICE. */
export const MPOL_MF_MOVE_ALL = 4;
/** mbind(2) answers EIO where a page is on another node and could not be moved. */
export const MPOL_MF_STRICT = 1;
export const MPOL_BIND = 2;

/** MAX_NUMNODES of any kernel (NODES_SHIFT is 10 at the most), and the bit more that the kernel wants told. */
const MAX_NODES = 1024;

const cMovePages = declare<
  (
    nr: number,
    pid: number,
    count: number,
    pages: Uint8Array,
    nodes: Uint8Array,
    status: Uint8Array,
    flags: number,
  ) => number
>(
  'int64_t syscall(int64_t nr, int64_t pid, uint64_t count, const void *pages, const void *nodes, void *status, int64_t flags)',
);
const cMigratePages = declare<
  (nr: number, pid: number, maxnode: number, from: Uint8Array, to: Uint8Array) => number
>('int64_t syscall(int64_t nr, int64_t pid, uint64_t maxnode, const void *from, const void *to)');
const cMbind = declare<
  (
    nr: number,
    address: bigint,
    length: number,
    mode: number,
    nodes: Uint8Array,
    maxnode: number,
    flags: number,
  ) => number
>(
  'int64_t syscall(int64_t nr, uint64_t address, uint64_t length, int64_t mode, const void *nodes, uint64_t maxnode, uint64_t flags)',
);

/** What the kernel never writes as a status: node numbers are not negative, and no errno is so large. */
export const NO_STATUS = -0x7fff_ffff;

/**
 * Asks for `nrPages` pages from `address` on to be moved to `node`.
 * @returns 0, how many were not moved (4.17), or -errno; and the status of each page: its node, -errno, or NO_STATUS
 *   where the kernel gave up before it wrote one
 */
export function movePages(
  pid: number,
  address: bigint,
  nrPages: number,
  pageBytes: number,
  node: number,
  flags: number,
): { readonly result: number; readonly status: Int32Array } {
  const pages = BigUint64Array.from({ length: nrPages }, (_, index) => address + BigInt(index * pageBytes));
  const nodes = new Int32Array(nrPages).fill(node);
  const status = new Int32Array(nrPages).fill(NO_STATUS);
  const result = orErrno(
    cMovePages(callNumber('move_pages'), pid, nrPages, bytes(pages), bytes(nodes), bytes(status), flags),
  );
  return { result, status };
}

/** Moves what a process has on nodes `from` to nodes `to`: 0, how many pages were not moved, or -errno. */
export function migratePages(pid: number, from: readonly number[], to: readonly number[]): number {
  return orErrno(
    cMigratePages(callNumber('migrate_pages'), pid, MAX_NODES + 1, nodemask(from), nodemask(to)),
  );
}

/** Binds what this process has mapped there to `nodes`. 0 or -errno. */
export function mbind(address: bigint, length: number, nodes: readonly number[], flags: number): number {
  return orErrno(
    cMbind(callNumber('mbind'), address, length, MPOL_BIND, nodemask(nodes), MAX_NODES + 1, flags),
  );
}

/** A bitmap of unsigned longs, little-endian as on every architecture that Node supports here. */
export function nodemask(nodes: readonly number[]): Uint8Array {
  const mask = new Uint8Array(MAX_NODES / 8);
  for (const node of nodes) mask[node >> 3] = (mask[node >> 3] ?? 0) | (1 << (node & 7));
  return mask;
}

function bytes({ buffer, byteOffset, byteLength }: BigUint64Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
