/** poll(2) over a fixed set of descriptors, with the pollfd array kept between calls. */
import { declare, orErrno } from './libc.js';

/** <asm-generic/poll.h> */
export const POLLIN = 0x1;

const cPoll = declare<(fds: Uint8Array, count: number, timeoutMs: number) => number>(
  'int poll(void *fds, unsigned long count, int timeout)',
);

const POLLERR = 0x8;
const POLLHUP = 0x10;

const SIZEOF_POLLFD = 8;

/** Whether poll(2) tells an error or a hangup of the descriptor; does not wait. */
export function hasHungUp(fd: number): boolean {
  const words = new Int16Array(SIZEOF_POLLFD / 2);
  new Int32Array(words.buffer)[0] = fd;
  cPoll(new Uint8Array(words.buffer), 1, 0);
  return ((words[3] ?? 0) & (POLLERR | POLLHUP)) !== 0;
}

/** struct pollfd[] for POLLIN on each descriptor. */
export class PollSet {
  private readonly bytes: Uint8Array;
  private readonly words: Int16Array;

  constructor(fds: readonly number[]) {
    const buffer = new ArrayBuffer(fds.length * SIZEOF_POLLFD);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int16Array(buffer);
    const fdWords = new Int32Array(buffer);
    fds.forEach((fd, index) => {
      fdWords[index * 2] = fd;
      this.words[index * 4 + 2] = POLLIN;
    });
  }

  /** The number of descriptors that are ready, 0 on timeout, or -errno. A timeout below 0 waits for ever. */
  wait(timeoutMs: number): number {
    return orErrno(cPoll(this.bytes, this.bytes.length / SIZEOF_POLLFD, timeoutMs));
  }

  /** `revents` of the descriptor at this place. */
  ready(index: number): number {
    return this.words[index * 4 + 3] ?? 0;
  }
}
