/**
 * A client of QEMU's machine protocol: commands with a deadline, and events.
 * Authority: docs/interop/qmp-spec.txt of QEMU.
 */
import type { Socket } from 'node:net';
import { StuckfsError } from '../../base/errors.js';
import { LineSplitter } from './line-splitter.js';

/** QEMU refused a command, did not answer it in time, or ended. */
export class QmpError extends StuckfsError {
  override readonly code = 'QMP';
}

export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const longestLineChars = 1 << 20;

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: QmpError) => void;
}

interface Message {
  readonly id?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class?: unknown; readonly desc?: unknown };
  readonly event?: unknown;
  readonly data?: Readonly<Record<string, unknown>>;
}

export class QmpClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #lastId = 0;
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = new LineSplitter(longestLineChars);
    socket.on('data', (bytes) => {
      for (const line of lines.add(bytes)) this.#take(line);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ended = true;
      for (const { reject } of this.#waiting.values()) reject(new QmpError('QEMU has ended'));
      this.#waiting.clear();
    });
  }

  /** Leaves the negotiation behind: after this every command may be given. */
  static async greet(socket: Socket, deadlineMs: number): Promise<QmpClient> {
    const client = new QmpClient(socket);
    await client.execute('qmp_capabilities', {}, deadlineMs);
    return client;
  }

  /** @throws {QmpError} */
  async execute(
    command: string,
    words: Readonly<Record<string, unknown>> = {},
    deadlineMs = 10_000,
  ): Promise<unknown> {
    if (this.#ended) throw new QmpError(`${command}: QEMU has ended`);
    const id = ++this.#lastId;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        const late = (): void => reject(new QmpError(`${command}: no answer within ${deadlineMs} ms`));
        timer = setTimeout(late, deadlineMs);
        this.#socket.write(`${JSON.stringify({ execute: command, arguments: words, id })}\n`);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Calls this for every event from now on, until what it answers is called. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #take(line: string): void {
    let message: Message;
    try {
      message = JSON.parse(line) as Message;
    } catch {
      return;
    }
    if (typeof message.event === 'string') {
      const event = { name: message.event, data: message.data ?? {} };
      for (const listener of this.#listeners) listener(event);
      return;
    }
    const waiting = typeof message.id === 'number' ? this.#waiting.get(message.id) : undefined;
    if (message.error === undefined) waiting?.resolve(message.return);
    else waiting?.reject(new QmpError(String(message.error.desc ?? message.error.class)));
  }
}
