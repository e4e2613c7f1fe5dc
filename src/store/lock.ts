/**
 * What a lock is to those who ask for one: the words of fcntl(2) F_SETLK and flock(2), ranges inclusive at both
 * ends as in struct fuse_file_lock.
 */

/** `lock_owner` of the protocol: a process for record locks, an open file for flock. */
export type LockOwner = bigint;
export type LockTicket = number;

/** The end of a lock "to the end of the file" (OFFSET_MAX, include/linux/limits.h). */
export const OFFSET_MAX = 2n ** 63n - 1n;

export interface LockRequest {
  readonly flavor: 'record' | 'flock';
  readonly owner: LockOwner;
  readonly pid: number;
  readonly type: 'read' | 'write' | 'unlock';
  /** Ignored for flock, which always covers the whole file. */
  readonly start: bigint;
  readonly end: bigint;
}

export interface LockConflict {
  readonly type: 'read' | 'write';
  readonly pid: number;
  readonly start: bigint;
  readonly end: bigint;
}
