/**
 * Reads the guest's kernel console: keeps its tail, and says when the kernel panicked or oopsed. Pure: no clock.
 * Only a line that the kernel itself prints counts. Soft lockups, stalls and hung tasks are what the scenarios
 * bring about, and under an emulated CPU also what a busy host does: they are told and are no failure.
 * Authority: kernel/panic.c, arch/x86/kernel/dumpstack.c (__die), arch/x86/mm/fault.c, mm/page_alloc.c (bad_page),
 * kernel/watchdog.c, kernel/hung_task.c, kernel/rcu/tree_stall.h.
 */
import { LineSplitter } from './line-splitter.js';

/** Longer lines of a console are no kernel messages (include/linux/printk.h, LOG_LINE_MAX). */
const longestLineChars = 2048;
const tailLines = 60;

export interface ConsoleFinding {
  /** `panic` and `oops` end the guest's use; `notice` is told. */
  readonly kind: 'panic' | 'oops' | 'notice';
  readonly line: string;
}

const findings: readonly (readonly [ConsoleFinding['kind'], RegExp])[] = [
  ['panic', /^Kernel panic - not syncing/],
  // `watchdog: BUG: soft lockup - CPU#0 stuck for 22s!`, `BUG: workqueue lockup - pool …`, `INFO: rcu_preempt …`
  ['notice', /\bBUG: (soft|hard|workqueue) lockup\b|^watchdog: .*\bLOCKUP\b/i],
  ['notice', /^INFO: task .* blocked (on|for)\b|^(rcu: )?INFO: rcu\w* .*stall/],
  // __die() ends every one of its headings so: `Oops: 0002 [#1] SMP`, `invalid opcode: 0000 [#1] …`
  ['oops', /: [0-9a-f]{4} \[#\d+\]/],
  ['oops', /^(Oops: |Kernel BUG at |kernel BUG at |Internal error: )/],
  ['oops', /^BUG: /],
  ['notice', /^WARNING: /],
  ['notice', /^Out of memory: |^\S+ invoked oom-killer: /],
];

export class ConsoleWatch {
  readonly #lines = new LineSplitter(longestLineChars);
  readonly #tail: string[] = [];
  #panic: string | undefined;
  #oops: string | undefined;
  #reportEnded = false;
  #stampNs = 0;

  /** What in these bytes is worth a word. */
  add(bytes: Uint8Array): readonly ConsoleFinding[] {
    return this.#lines.add(bytes).flatMap((line) => this.#look(line));
  }

  /** The first panic, if any. */
  get panic(): string | undefined {
    return this.#panic;
  }

  /** The first oops or BUG, if any: it is older than the panic where there are both. */
  get oops(): string | undefined {
    return this.#oops;
  }

  /** The report of that oops has come to its end. */
  get reportEnded(): boolean {
    return this.#reportEnded;
  }

  /** The latest stamp of the kernel's messages: nanoseconds since it started. */
  get stampNs(): number {
    return this.#stampNs;
  }

  /** The last lines, the unfinished one too; printable characters only. */
  get tail(): readonly string[] {
    const last = printable(this.#lines.unfinished);
    return last === '' ? [...this.#tail] : [...this.#tail, last];
  }

  #look(raw: string): readonly ConsoleFinding[] {
    const line = printable(raw);
    if (line === '') return [];
    this.#tail.push(line);
    if (this.#tail.length > tailLines) this.#tail.shift();
    const [, seconds, text = line] = /^\[ *(\d+\.\d{6})\](?:\[ *[TC]\d+\])? ?(.*)$/.exec(line) ?? [];
    if (seconds !== undefined) this.#stampNs = Math.max(this.#stampNs, Math.round(Number(seconds) * 1e9));
    if (this.#oops !== undefined && text.startsWith('---[ end trace')) this.#reportEnded = true;
    const kind = findings.find(([, pattern]) => pattern.test(text))?.[0];
    if (kind === undefined) return [];
    if (kind === 'panic') this.#panic ??= text;
    if (kind === 'oops') this.#oops ??= text;
    return [{ kind, line: text }];
  }
}

/** Escape sequences and control characters are gone: what a guest says must not drive the user's terminal. */
export function printable(line: string): string {
  return (
    line
      // biome-ignore lint/suspicious/noControlCharactersInRegex: ECMA-48 sequences begin with one
      .replaceAll(/\u001b(\[[0-?]*[ -/]*[@-~]|[@-_])/g, '')
      .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => (c === '\t' ? ' ' : ''))
      .trimEnd()
  );
}
