/**
 * How large a pipe a message of FUSE needs, and how large a message a pipe has room for.  Pure but for the probe.
 * Authority: fuse_dev_splice_read() in fs/fuse/dev.c wants a slot for every page of the largest WRITE and one for its
 * headers before it gives out any request, or says EINVAL; pipe_set_size() in fs/pipe.c rounds to a power of two.
 */
import { PAGE_BYTES } from '../../base/page-size.js';
import { closePipe, pipe, setPipeSize } from '../../syscall/pipe.js';

/** fuse_in_header and fuse_write_in, or fuse_out_header, have a slot of their own. */
const HEADER_SLOTS = 1;

/** FUSE_MIN_READ_BUFFER of fuse.h: with less room there is no request at all. */
const LEAST_PIPE_BYTES = 2 * PAGE_BYTES;

/** Bytes to ask of F_SETPIPE_SZ for messages of so many pages. */
export function pipeBytesFor(maxPages: number): number {
  let slots = LEAST_PIPE_BYTES / PAGE_BYTES;
  while (slots < maxPages + HEADER_SLOTS) slots *= 2;
  return slots * PAGE_BYTES;
}

/** Pages of one message that go through a pipe of this size. */
export function pagesThatFit(pipeBytes: number): number {
  return Math.floor(pipeBytes / PAGE_BYTES) - HEADER_SLOTS;
}

/** Of a pipe that may have at most so many bytes; the kernel would round what is between up, and refuse it. */
function largestPipe(bytes: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(bytes, LEAST_PIPE_BYTES)));
}

export interface PipeRoom {
  /** As many as were asked for, or fewer. */
  readonly maxPages: number;
  /** What the kernel said to the size that would have done; undefined when it gave it. */
  readonly errno: number | undefined;
}

/**
 * Asks the kernel whether this process may have pipes for messages of `maxPages`, and else takes what may be had
 * without a privilege.
 * @param pipeMaxBytes fs.pipe-max-size
 */
export function findPipeRoom(
  maxPages: number,
  pipeMaxBytes: number,
  setSize: (bytes: number) => number = setSizeOfNewPipe,
): PipeRoom {
  const refused = setSize(pipeBytesFor(maxPages));
  if (refused >= 0) return { maxPages, errno: undefined };
  for (let bytes = largestPipe(pipeMaxBytes); bytes > LEAST_PIPE_BYTES; bytes /= 2) {
    if (setSize(bytes) >= 0) return { maxPages: Math.min(maxPages, pagesThatFit(bytes)), errno: -refused };
  }
  return { maxPages: pagesThatFit(LEAST_PIPE_BYTES), errno: -refused };
}

function setSizeOfNewPipe(bytes: number): number {
  const probe = pipe();
  if (typeof probe === 'number') return probe;
  const result = setPipeSize(probe.readFd, bytes);
  closePipe(probe);
  return result;
}
