/** eventfd(2): the wake-up of a thread that blocks in poll(2). */
import { close, read, write } from './file.js';
import { declare, orErrno } from './libc.js';

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

const cEventfd = declare<(initial: number, flags: number) => number>(
  'int eventfd(unsigned int initial, int flags)',
);

/** A non-blocking, close-on-exec eventfd; or -errno. */
export function eventfd(): number {
  return orErrno(cEventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

const one = new Uint8Array(new BigUint64Array([1n]).buffer);
const counter = new Uint8Array(8);

/** Makes the eventfd readable. 8, or -errno. */
export function eventfdSignal(fd: number): number {
  return write(fd, one);
}

/** Makes it unreadable again. */
export function eventfdDrain(fd: number): void {
  read(fd, counter);
}

export { close as eventfdClose };
