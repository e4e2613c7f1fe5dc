/** The workload's end of a thread whose one call may hang: how it ended, once it has. */
import { Worker } from 'node:worker_threads';
import type { HangingCall } from './hanging-thread.js';

export class Hanging {
  /** Errno name, or null for success. */
  readonly ended: Promise<string | null>;

  constructor(call: HangingCall) {
    const thread = new Worker(new URL('./hanging-thread.js', import.meta.url), { workerData: call });
    this.ended = new Promise((resolve) => {
      thread.once('message', resolve);
      thread.once('error', (error) => resolve(error.message));
    });
  }
}
