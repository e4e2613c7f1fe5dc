/**
 * A thread of the workload for the one call that hangs while the server withholds its answer, so that the
 * process itself can still be asked things.  Worker entry: says that it is ready, is told what to call, says how that ended.
 */
import { readSync, statSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PAGE_BYTES } from '../base/page-size.js';
import { pinToCpu } from '../syscall/process.js';
import { CHUNK_BYTES, fillPattern } from './pattern.js';

/** What the thread makes ready first. */
export interface Readiness {
  /** So many bytes of a buffer, touched: afterwards it allocates none. */
  readonly bufferBytes: number;
}

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

const buffer = Buffer.alloc((workerData as Readiness).bufferBytes, 1);

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
  for (let offset = 0; offset < bytes; offset += CHUNK_BYTES) {
    const part = buffer.subarray(0, Math.min(CHUNK_BYTES, bytes - offset));
    fillPattern(part, seed, offset);
    for (let done = 0; done < part.length; )
      done += writeSync(fd, part, done, part.length - done, offset + done);
    Atomics.store(count, 0, (offset + part.length) / PAGE_BYTES);
  }
}

function read(hanging: Extract<HangingCall, { call: 'read' }>): void {
  for (let offset = 0; offset < hanging.bytes; ) {
    const got = readSync(hanging.fd, buffer, offset, hanging.bytes - offset, offset);
    if (got === 0) throw Object.assign(new Error('end of file'), { code: 'EOF' });
    offset += got;
  }
}

function saidOf(call: HangingCall): string | null {
  try {
    make(call);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}

parentPort?.once('message', (call: HangingCall) => parentPort?.postMessage({ ended: saidOf(call) }));
parentPort?.postMessage({ ready: true });
