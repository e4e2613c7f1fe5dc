/**
 * One lock for all ledgers below a state root: values of the machine are read, recorded and changed under it.
 * The kernel drops it when its holder dies, so a crash leaves none behind.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { Errno } from '../base/errno.js';
import { tryFlock } from '../syscall/flock.js';

/**
 * A holder needs microseconds, but where it writes to a pool of huge pages; one that takes longer, or is stopped, must
 * not keep a rescue from its work for ever.
 */
const patienceMs = 2000;
const pauseMs = 5;

/** Runs `act` alone; after two seconds of waiting it runs even so, and is told that it does not hold the lock. */
export function withLedgerLock<T>(stateRoot: string, act: (held: boolean) => T): T {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = openSync(join(stateRoot, 'ledger.lock'), flags, 0o600);
  try {
    return act(acquire(fd));
  } finally {
    closeSync(fd);
  }
}

function acquire(fd: number): boolean {
  const idle = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const result = tryFlock(fd);
    if (result === 0) return true;
    const busy = result === -Errno.EAGAIN || result === -Errno.EINTR;
    if (!busy || performance.now() >= deadline) return false;
    Atomics.wait(idle, 0, 0, pauseMs);
  }
}
