/**
 * A thread of the workload for the one call that hangs while the server withholds its answer, so that the
 * process itself can still be asked things.  Worker entry; how the call ends is its only message.
 */
import { readSync, statSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PAGE_BYTES } from '../base/page-size.js';
import { pinToCpu } from '../syscall/process.js';
import { CHUNK_BYTES, fillPattern } from './pattern.js';

export type HangingCall =
  /** One read(2) of the whole file: readahead takes the size of the call as its window. */
  | { readonly call: 'read'; readonly fd: number; readonly bytes: number; readonly cpu: number }
  | { readonly call: 'stat'; readonly path: string }
  /** The pattern, chunk by chunk from the start, until the kernel lets it go no further. */
  | {
      readonly call: 'write';
      readonly fd: number;
      readonly bytes: number;
      readonly seed: number;
      readonly cpu: number;
      /** One Int32 in shared memory: pages written so far. */
      readonly pagesWritten: SharedArrayBuffer;
    };

function make(hanging: HangingCall): void {
  if (hanging.call === 'stat') {
    statSync(hanging.path);
    return;
  }
  pinToCpu(hanging.cpu);
  if (hanging.call === 'write') write(hanging);
  else read(hanging);
}

function write({ fd, bytes, seed, pagesWritten }: Extract<HangingCall, { call: 'write' }>): void {
  const count = new Int32Array(pagesWritten);
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (let offset = 0; offset < bytes; offset += CHUNK_BYTES) {
    const part = chunk.subarray(0, Math.min(CHUNK_BYTES, bytes - offset));
    fillPattern(part, seed, offset);
    for (let done = 0; done < part.length; )
      done += writeSync(fd, part, done, part.length - done, offset + done);
    Atomics.store(count, 0, (offset + part.length) / PAGE_BYTES);
  }
}

function read(hanging: Extract<HangingCall, { call: 'read' }>): void {
  const into = Buffer.allocUnsafeSlow(hanging.bytes);
  for (let offset = 0; offset < hanging.bytes; ) {
    const got = readSync(hanging.fd, into, offset, hanging.bytes - offset, offset);
    if (got === 0) throw Object.assign(new Error('end of file'), { code: 'EOF' });
    offset += got;
  }
}

let said: string | null = null;
try {
  make(workerData as HangingCall);
} catch (error) {
  said = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}
parentPort?.postMessage(said);
