/** Pipes and what moves pages through them: pipe2(2), splice(2), tee(2), and F_SETPIPE_SZ of fcntl(2). */
import { close, OpenFlag } from './file.js';
import { declare, orErrno } from './libc.js';

/** Move the pages themselves where the other end can take them (include/linux/splice.h); else they are copied. */
export const SPLICE_F_MOVE = 1;

/** include/uapi/linux/fcntl.h */
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;

const cPipe2 = declare<(fds: Int32Array, flags: number) => number>('int pipe2(int *fds, int flags)');
const cSplice = declare<
  (
    fdIn: number,
    offsetIn: BigInt64Array | null,
    fdOut: number,
    offsetOut: null,
    length: number,
    flags: number,
  ) => number
>(
  'int64_t splice(int fdIn, int64_t *offsetIn, int fdOut, int64_t *offsetOut, size_t length, unsigned int flags)',
);
const cTee = declare<(fdIn: number, fdOut: number, length: number, flags: number) => number>(
  'int64_t tee(int fdIn, int fdOut, size_t length, unsigned int flags)',
);
const cFcntl = declare<(fd: number, command: number, value: number) => number>(
  'int fcntl(int fd, int command, int64_t value)',
);

export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/** A non-blocking, close-on-exec pipe, or -errno. */
export function pipe(): Pipe | number {
  const fds = new Int32Array(2);
  const result = orErrno(cPipe2(fds, OpenFlag.O_NONBLOCK | OpenFlag.O_CLOEXEC));
  return result < 0 ? result : { readFd: fds[0] ?? -1, writeFd: fds[1] ?? -1 };
}

export function closePipe({ readFd, writeFd }: Pipe): void {
  close(readFd);
  close(writeFd);
}

/**
 * Makes room in a pipe: a slot for each page, their number rounded up to a power of two.  The bytes that it has room
 * for now, or -errno: EPERM above fs.pipe-max-size without CAP_SYS_RESOURCE, or past fs.pipe-user-pages-*.
 */
export function setPipeSize(fd: number, sizeBytes: number): number {
  return orErrno(cFcntl(fd, F_SETPIPE_SZ, sizeBytes));
}

/** Bytes that a pipe has room for, or -errno. */
export function pipeSize(fd: number): number {
  return orErrno(cFcntl(fd, F_GETPIPE_SZ, 0));
}

/** Bytes moved from one descriptor to the other, one of which is a pipe; or -errno. */
export function splice(fdIn: number, fdOut: number, lengthBytes: number, flags = 0): number {
  return orErrno(cSplice(fdIn, null, fdOut, null, lengthBytes, flags));
}

/** The same from a place in a file: its page-cache pages themselves go into the pipe. */
export function spliceFrom(fdIn: number, offsetBytes: number, fdOut: number, lengthBytes: number): number {
  return orErrno(cSplice(fdIn, BigInt64Array.of(BigInt(offsetBytes)), fdOut, null, lengthBytes, 0));
}

/** Bytes that both pipes have now, the pages shared; or -errno. */
export function tee(fdIn: number, fdOut: number, lengthBytes: number): number {
  return orErrno(cTee(fdIn, fdOut, lengthBytes, 0));
}
