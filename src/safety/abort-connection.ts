/**
 * Ends a FUSE connection through fusectl, whatever has become of its daemon: everybody who waits on it goes on.
 * Authority: fs/fuse/control.c (fuse_conn_abort_write).
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fuseAbortPath } from '../kernel/fusectl.js';
import { isMissing } from '../kernel/kernel-file.js';
import type { Machine } from './machine.js';

/** Needs fusectl mounted. Throws what the system calls throw. */
export function abortConnection(connection: number, machine: Machine): 'aborted' | 'gone' {
  let fd: number;
  try {
    fd = openSync(join(machine.root, fuseAbortPath(connection)), constants.O_WRONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isMissing(error)) return 'gone';
    throw error;
  }
  try {
    writeSync(fd, '1');
  } finally {
    closeSync(fd);
  }
  return 'aborted';
}
