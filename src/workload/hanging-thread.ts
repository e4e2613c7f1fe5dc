/**
 * A thread of the workload for the one call that hangs while the server withholds its answer, so that the
 * process itself can still be asked things.  Worker entry; how the call ends is its only message.
 */
import { readSync, statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { pinToCpu } from '../syscall/process.js';

export type HangingCall =
  /** One read(2) of the whole file: readahead takes the size of the call as its window. */
  | { readonly call: 'read'; readonly fd: number; readonly bytes: number; readonly cpu: number }
  | { readonly call: 'stat'; readonly path: string };

function make(hanging: HangingCall): void {
  if (hanging.call === 'stat') {
    statSync(hanging.path);
    return;
  }
  pinToCpu(hanging.cpu);
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
