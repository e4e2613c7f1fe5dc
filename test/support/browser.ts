/**
 * Headless Chromium over its DevTools protocol, by a pipe (--remote-debugging-pipe: descriptors 3 and 4, messages end
 * with a zero byte).  Whatever happens, its whole process group is ended and its profile removed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { eventually } from './eventually.js';

/** Of one command: a machine under load starts a browser slowly. */
const DEADLINE_MS = 60_000;

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-breakpad',
  '--disable-crash-reporter',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--remote-debugging-pipe',
];

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface BrowserEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export class Browser implements AsyncDisposable {
  /** Everything that the browser told, in order. */
  readonly events: BrowserEvent[] = [];
  private readonly answers = new Map<number, (message: Message) => void>();
  private lastId = 0;
  private session: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
  ) {
    let rest = '';
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop() ?? '';
      for (const message of messages) this.take(JSON.parse(message) as Message);
    });
    // What is written to a browser that has ended is told by its exit.
    (child.stdio[3] as Writable).on('error', () => undefined);
  }

  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'stuckfs-chromium-'));
    const child = spawn('chromium', [...flags, `--user-data-dir=${profile}`], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const browser = new Browser(child, profile);
    try {
      const { targetId } = await browser.call('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await browser.call('Target.attachToTarget', { targetId, flatten: true });
      browser.session = String(sessionId);
      for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.call(`${domain}.enable`);
      return browser;
    } catch (error) {
      await browser[Symbol.asyncDispose]();
      throw error;
    }
  }

  call(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const end = (error: Error) => {
        clearTimeout(timer);
        this.child.off('exit', ended).off('error', end);
        this.answers.delete(id);
        reject(error);
      };
      const ended = () => end(new Error(`chromium ended before it answered ${method}`));
      const timer = setTimeout(() => end(new Error(`no answer to ${method}`)), DEADLINE_MS);
      this.child.once('exit', ended).once('error', end);
      this.answers.set(id, ({ result, error }) => {
        clearTimeout(timer);
        this.child.off('exit', ended).off('error', end);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      const session = this.session === undefined ? {} : { sessionId: this.session };
      (this.child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    });
  }

  /** Resolves when it has been loaded. */
  async open(url: string): Promise<void> {
    const before = this.events.length;
    await this.call('Page.navigate', { url });
    await eventually(`${url} is loaded`, DEADLINE_MS, () =>
      this.events.slice(before).some(({ method }) => method === 'Page.loadEventFired'),
    );
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: unknown }).value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { child } = this;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      process.kill(-child.pid, 'SIGKILL');
      await ended;
    }
    // Its helpers may still be about to end, and write to it.
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  private take(message: Message): void {
    if (message.id !== undefined) {
      this.answers.get(message.id)?.(message);
      this.answers.delete(message.id);
    } else if (message.method !== undefined) {
      this.events.push({ method: message.method, params: message.params ?? {} });
    }
  }
}
