/**
 * The workload's end of a thread whose one call may hang: how it ended, once it has.  The thread is started before memory is
 * freed for the sets: it takes thousands of pages itself, and would have those.
 */
import { Worker } from 'node:worker_threads';
import type { HangingCall, Readiness } from './hanging-thread.js';

type Said = { readonly ready: true } | { readonly ended: string | null };

export class Hanging {
  /** Errno name, or null for success. */
  readonly ended: Promise<string | null>;
  private readonly thread: Worker;
  private readonly isReady: Promise<void>;
  private hasBegun = false;

  private constructor(readiness: Readiness) {
    const thread = new Worker(new URL('./hanging-thread.js', import.meta.url), { workerData: readiness });
    this.thread = thread;
    this.isReady = new Promise((resolve) => {
      thread.once('message', () => resolve());
      thread.once('error', () => resolve());
    });
    this.ended = new Promise((resolve) => {
      thread.on('message', (said: Said) => {
        if ('ended' in said) resolve(said.ended);
      });
      thread.once('error', (error) => resolve(error.message));
    });
  }

  /** Resolves once the thread waits for its call. @param bufferBytes what it reads into or writes from */
  static async prepare(bufferBytes = 0): Promise<Hanging> {
    const hanging = new Hanging({ bufferBytes });
    await hanging.isReady;
    // Unless it has something to do it keeps no process.
    hanging.thread.unref();
    return hanging;
  }

  begin(call: HangingCall): void {
    this.hasBegun = true;
    this.thread.ref();
    this.thread.postMessage(call);
  }

  /** Ends a thread that was never told what to call. @returns whether it was one */
  async dismiss(): Promise<boolean> {
    if (this.hasBegun) return false;
    await this.thread.terminate();
    return true;
  }
}
