/** A child that does a test's file operations, so that a hang fails the test and does not hang it. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Errno } from '../../src/base/errno.js';
import type { Operations } from './file-actor-main.js';

type ErrnoName = keyof typeof Errno;

const program = fileURLToPath(new URL('file-actor-main.js', import.meta.url));
const operationMs = 60_000;

interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly failure?: string;
}

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class FileActor {
  private readonly pending = new Map<number, Pending>();
  private readonly exited: Promise<unknown>;
  private nextId = 1;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message) => this.settle(message as Answer));
    this.exited = once(child, 'exit').then(() => {
      for (const { reject, timer } of this.pending.values()) {
        clearTimeout(timer);
        reject(new Error(`the child ended (${child.signalCode ?? child.exitCode})`));
      }
      this.pending.clear();
    });
  }

  static start(): FileActor {
    return new FileActor(
      fork(program, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    );
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What the operation answers, -errno where the kernel refused; rejects when it does not end. */
  do<N extends keyof Operations>(
    name: N,
    ...words: Parameters<Operations[N]>
  ): Promise<ReturnType<Operations[N]> | number> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject(new Error(`${name} did not end within ${operationMs} ms`));
      }, operationMs);
      this.pending.set(id, { resolve: resolve as Pending['resolve'], reject, timer });
      this.child.send({ id, name, words });
    });
  }

  /** The answer of an operation that is to succeed. */
  async ok<N extends keyof Operations>(
    name: N,
    ...words: Parameters<Operations[N]>
  ): Promise<Exclude<ReturnType<Operations[N]>, undefined>> {
    const answer = await this.do(name, ...words);
    if (typeof answer === 'number' && answer < 0) {
      const shown = words.map((word) => (Buffer.isBuffer(word) ? `${word.length} bytes` : String(word)));
      throw new Error(`${name}(${shown.join(', ')}): errno ${-answer}`);
    }
    return answer as Exclude<ReturnType<Operations[N]>, undefined>;
  }

  /** Asserts that the kernel refuses the operation with this errno. */
  async refuses<N extends keyof Operations>(
    errno: ErrnoName,
    name: N,
    ...words: Parameters<Operations[N]>
  ): Promise<void> {
    const answer = await this.do(name, ...words);
    assert.equal(answer, -Errno[errno], `${name}: ${errno} is expected`);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Rejects when SIGKILL does not end it: it is in D state. */
  async end(): Promise<void> {
    for (const { timer, reject } of this.pending.values()) {
      clearTimeout(timer);
      reject(new Error('the child was ended meanwhile'));
    }
    this.pending.clear();
    this.child.kill('SIGKILL');
    const late = AbortSignal.timeout(operationMs);
    await new Promise<void>((resolve, reject) => {
      late.addEventListener('abort', () => reject(new Error(`process ${this.pid} survives SIGKILL`)));
      void this.exited.then(() => resolve());
    });
  }

  private settle({ id, answer, failure }: Answer): void {
    const pending = this.pending.get(id);
    if (pending === undefined) return;
    this.pending.delete(id);
    clearTimeout(pending.timer);
    if (failure === undefined) pending.resolve(answer);
    else pending.reject(new Error(failure));
  }
}
