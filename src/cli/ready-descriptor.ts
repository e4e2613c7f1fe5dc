/**
 * The descriptor of --ready-fd: whether it is one that the caller handed down, and writing to it.
 * Node has descriptors of its own above 2, which a wrong number must not hit.
 */
import { closeSync, fstatSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { UsageError } from '../base/errors.js';
import { wholeNumber } from './option-values.js';

const option = '--ready-fd';
const accessMode = 0o3;
const readOnly = 0;

/** Throws UsageError unless it is open, writable and not one of this process's own. */
export function checkReadyFd(text: string): number {
  const fd = wholeNumber(option, text, { min: 3, max: 1_048_575 });
  const notOpen = new UsageError(
    option,
    text,
    'is not open; open it for this command, as in 3>ready --ready-fd 3',
  );
  try {
    fstatSync(fd);
  } catch {
    throw notOpen;
  }
  const target = readlinkSync(`/proc/self/fd/${fd}`);
  if (target.startsWith('anon_inode:') || isOwnPipe(fd, target)) throw notOpen;
  const flags = Number.parseInt(
    /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0',
    8,
  );
  if ((flags & accessMode) === readOnly) throw new UsageError(option, text, 'is not open for writing');
  return fd;
}

/** A pipe with both ends in this process: libuv's, between a signal and the event loop. */
function isOwnPipe(fd: number, target: string): boolean {
  if (!target.startsWith('pipe:')) return false;
  return readdirSync('/proc/self/fd').some((name) => {
    if (name === String(fd)) return false;
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === target;
    } catch {
      // The descriptor of this very listing.
      return false;
    }
  });
}

/** One line, then the descriptor is closed. A reader that is gone is no error: the mount is up all the same. */
export function tellReadyFd(fd: number, line: string): void {
  try {
    writeSync(fd, `${line}\n`);
    closeSync(fd);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EPIPE' && code !== 'EAGAIN') throw error;
  }
}
