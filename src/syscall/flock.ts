/**
 * flock(2): a lock on an open file description, which the kernel drops when the last descriptor of it is closed,
 * so a crash leaves none behind.  Only without waiting: whoever waits says how, and for how long.
 * Authority: include/uapi/asm-generic/fcntl.h.
 */
import { declare, orErrno } from './libc.js';

const LOCK_EX = 2;
const LOCK_NB = 4;

const cFlock = declare<(fd: number, operation: number) => number>('int flock(int fd, int operation)');

/** Takes the lock for this descriptor alone: 0, -EAGAIN while another description has it, or another -errno. */
export function tryFlock(fd: number): number {
  return orErrno(cFlock(fd, LOCK_EX | LOCK_NB));
}
