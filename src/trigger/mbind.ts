/**
 * `mbind`: mbind(2) acts on the caller's own mappings, so the trigger maps the stuck file beside the workload, from the
 * same open file (nothing is asked of the server), and binds its mapping to another node.
 * Authority: do_mbind() in mm/mempolicy.c (MIGRATE_SYNC, MR_MEMPOLICY_MBIND).
 */
import { Errno } from '../base/errno.js';
import * as memory from '../syscall/memory.js';
import { MPOL_MF_MOVE_ALL, MPOL_MF_STRICT, mbind } from '../syscall/numa.js';
import { descriptorOf } from '../syscall/pidfd.js';
import { lacksSecondNode, moveToOtherNode } from './other-node.js';
import type { Trigger } from './trigger.js';

/**
 * Closing the descriptor or unmapping waits for writeback (fuse_flush(), fuse_vma_close()): both are left to the end
 * of the process, and made once.
 */
let mapped: bigint | undefined;

function mapBeside(workloadPid: number, fd: number, bytes: number): bigint | number {
  if (mapped !== undefined) return mapped;
  const own = descriptorOf(workloadPid, fd);
  if (own < 0) return own;
  const address = memory.mmap(bytes, memory.PROT_READ, memory.MAP_SHARED, own, 0);
  if (typeof address === 'number') return address;
  mapped = address;
  return address;
}

export const mbindTrigger: Trigger = {
  id: 'mbind',
  description: 'mbind(2) of a second mapping of the stuck file, MPOL_BIND to another NUMA node',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'mempolicy_mbind',
  kernelFunction: 'do_mbind',
  harmsHost: false,
  reach: 'asked',
  answers: [{ errno: Errno.EIO, means: 'MPOL_MF_STRICT: some pages could not be moved' }],
  keepsUntilEnd: true,
  missing: () => lacksSecondNode(),
  pull(target) {
    const move = moveToOtherNode(target);
    if (typeof move === 'number') return { result: move };
    const { bytes, fd } = move.mapping;
    const address = mapBeside(target.workloadPid, fd, bytes);
    if (typeof address === 'number') return { result: address };
    // It would hang on folios without data; but those the workload could not have mapped either.
    const populated = memory.madvise(address, bytes, memory.MADV_POPULATE_READ);
    if (populated < 0) return { result: populated };
    const result = mbind(address, bytes, [move.to], MPOL_MF_MOVE_ALL | MPOL_MF_STRICT);
    return { result, asked: move.asked };
  },
};
