/**
 * Boots a guest, has it do one job, and brings the result back. It ends in a GuestEnd or in a VmError, and in
 * either case no QEMU is left: a guest that is wedged is thrown away, never waited for.
 * Needs no root. What the guest says is not trusted.
 */
import { readdir } from 'node:fs/promises';
import { UsageError } from '../base/errors.js';
import type { BootPlan, GuestEnd, HostLimits } from './boot-plan.js';
import { GuestWatch } from './guest-watch.js';
import { serveHotplug } from './hotplug.js';
import { type GuestJob, heartbeatMs, parseGuestLine, resultMs } from './protocol.js';
import { qemuWords } from './qemu/command-line.js';
import { ConsoleWatch } from './qemu/console-watch.js';
import { LineSplitter } from './qemu/line-splitter.js';
import { onHalt } from './qemu/on-halt.js';
import { findQemu } from './qemu/program.js';
import { type QemuEnd, type QemuProcess, startQemu } from './qemu/qemu-process.js';
import { type Unpacked, unpackTar } from './qemu/unpack-tar.js';
import { VmError, type VmErrorCode } from './vm-error.js';
import { elsewhere, isFullDisk, NoSpaceError } from './vm-failure.js';

/** An emulated CPU runs JavaScript 7 to 13 times slower than the host's. */
const tcgPatience = 10;
const longestLogLineChars = 1 << 20;
/** Of the deadline: a guest whose job alone hangs has the rest of it to send what was recorded. */
const jobShare = 0.8;
/** In a row, by which a guest is hung and not only slow. */
const lostHeartbeats = 90;
const mostEntries = 100_000;
const lookMs = 500;
/** After an oops or a panic, for the rest of its report to come through the console. */
const reportMs = 3000;

/** @throws {VmError}; {UsageError} for a shape or an `out` that cannot be; {NoSpaceError}; the signal's reason */
export async function bootGuest(plan: BootPlan): Promise<GuestEnd> {
  plan.signal.throwIfAborted();
  await checkOut(plan.out);
  const words = qemuWords({
    shape: plan.shape,
    accel: plan.accel,
    kernelImage: plan.kernel.image,
    ...plan.guest,
    ...(plan.kernelWords === undefined ? {} : { kernelWords: plan.kernelWords }),
  });
  const { path } = await findQemu(process.env['PATH']);
  const { hotplugDimmMiB } = plan.shape;
  const machine = await startQemu(path, words, hotplugDimmMiB !== undefined);
  const attended = new Attended(plan, machine);
  try {
    plan.onQmp?.(machine.qmp);
    if (hotplugDimmMiB !== undefined && machine.hotplug !== undefined)
      serveHotplug(machine.hotplug, machine.qmp, hotplugDimmMiB);
    const end = await attended.end();
    // Only now has all of the console been heard.
    await machine.stop();
    await attended.keepResult();
    return end;
  } finally {
    attended.leave();
    await machine.stop();
    await attended.dropResult();
  }
}

async function checkOut(out: string): Promise<void> {
  const remedy = 'give a directory that does not exist yet, or is empty';
  try {
    if ((await readdir(out)).length > 0) throw new UsageError('out', out, remedy);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new UsageError('out', out, remedy, { cause: error });
  }
}

/** A machine while it runs. Everything that it does ends up in one settling of a promise. */
class Attended {
  readonly #plan: BootPlan;
  readonly #machine: QemuProcess;
  readonly #console = new ConsoleWatch();
  readonly #watch: GuestWatch;
  readonly #settled: Promise<GuestEnd>;
  #resolve!: (end: GuestEnd) => void;
  #reject!: (error: unknown) => void;
  readonly #result: Promise<Unpacked>;
  readonly #timers: NodeJS.Timeout[] = [];
  #firstNs: number | undefined;
  #exitSeen = false;
  #kept = false;

  constructor(plan: BootPlan, machine: QemuProcess) {
    this.#plan = plan;
    this.#machine = machine;
    this.#settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const limits: HostLimits = {
      bootMs: 180_000,
      silenceMs: lostHeartbeats * heartbeatMs,
      capMs: 4 * plan.deadlineGuestMs + 300_000,
      resultBytes: 2 ** 31,
      ...plan.limits,
    };
    this.#watch = new GuestWatch({ ...limits, deadlineGuestMs: plan.deadlineGuestMs }, performance.now());
    const { result } = machine;
    this.#result = unpackTar(result, plan.out, { bytes: limits.resultBytes, entries: mostEntries });
  }

  end(): Promise<GuestEnd> {
    const { signal, accel } = this.#plan;
    const { console, log, job, qmp, ended } = this.#machine;
    const abort = (): void => this.#reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    console.on('data', (bytes: Buffer) => this.#hearConsole(bytes));
    const lines = new LineSplitter(longestLogLineChars);
    log.on('data', (bytes) => {
      for (const line of lines.add(bytes)) this.#hearLine(line);
    });
    qmp.onEvent(({ name }) => {
      if (name === 'GUEST_PANICKED')
        this.#reportSoon('VM_PANIC', 'the guest told QEMU that its kernel panicked');
    });
    onHalt(qmp, (state) => {
      this.#reject(new VmError('VM_QEMU', `QEMU stopped the machine (${state})`, this.#machine.complaint()));
    });
    // Whoever broke the stream off tells why by its own end, which comes right after: that is the better reason.
    this.#result.catch((error: Error) => {
      this.#after(reportMs, () => this.#noResult(`is none: ${error.message}`, error));
    });
    void ended.then((end) => this.#hearEnd(end));
    const words: GuestJob = {
      words: this.#plan.words,
      env: this.#plan.env ?? {},
      patience: this.#plan.patience ?? (accel === 'tcg' ? tcgPatience : 1),
      deadlineMs: Math.round(jobShare * this.#plan.deadlineGuestMs),
    };
    job.write(`${JSON.stringify(words)}\n`);
    const look = setInterval(() => {
      const givenUp = this.#watch.look(performance.now());
      if (givenUp !== undefined && !this.#exitSeen) this.#fail(givenUp.code, givenUp.reason);
    }, lookMs);
    this.#timers.push(look);
    return this.#settled.finally(() => signal.removeEventListener('abort', abort));
  }

  leave(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Once the machine is gone. What a kernel let through that oopsed is no evidence. */
  async keepResult(): Promise<void> {
    const failed = this.#kernelFailure();
    if (failed !== undefined) throw failed;
    try {
      await (await this.#result).keep();
    } catch (error) {
      throw this.#withoutResult(`cannot be kept: ${(error as Error).message}`, error);
    }
    this.#kept = true;
  }

  /** Of a guest that failed nothing is kept: a run directory is whole, or not there. */
  async dropResult(): Promise<void> {
    this.#machine.result.destroy();
    const unpacked = await this.#result.catch(() => undefined);
    if (!this.#kept) await unpacked?.discard();
  }

  #hearConsole(bytes: Buffer): void {
    for (const { kind, line } of this.#console.add(bytes)) {
      if (kind === 'notice') this.#plan.progress({ kind: 'kernel', line });
      else this.#reportSoon(kind === 'panic' ? 'VM_PANIC' : 'VM_OOPS', line);
    }
    this.#watch.clock(this.#console.stampNs);
    if (this.#console.reportEnded) this.#failByKernel();
  }

  #hearLine(text: string): void {
    const line = parseGuestLine(text);
    if (line === undefined || this.#exitSeen) return;
    this.#firstNs ??= line.t;
    this.#watch.heard(performance.now(), line.t);
    if ('line' in line) {
      const { stream, t: guestNs } = line;
      this.#plan.progress({ kind: 'line', stream, line: line.line, guestNs });
    } else if ('exit' in line) {
      this.#exitSeen = true;
      void this.#finish(line.exit, (line.t - this.#firstNs) / 1e6);
    }
  }

  /** The job has ended: with its result in place, all is well. */
  async #finish(exitStatus: number, guestMs: number): Promise<void> {
    this.#after(resultMs, () => this.#noResult(`is not here ${resultMs / 1000} s after its end`, undefined));
    try {
      await this.#result;
      this.#resolve({ kind: 'ended', exitStatus, guestMs });
    } catch (error) {
      this.#noResult(`is none: ${(error as Error).message}`, error);
    }
  }

  #hearEnd({ status, signal }: QemuEnd): void {
    if (this.#console.panic !== undefined || this.#console.oops !== undefined) {
      this.#failByKernel();
    } else if (signal !== null || status !== 0) {
      const how = signal === null ? `with status ${status}` : `by ${signal}`;
      const complaint = this.#machine.complaint();
      const tail = complaint.length > 0 ? complaint : this.#console.tail;
      this.#reject(new VmError('VM_QEMU', `QEMU ended ${how}`, tail));
    } else if (!this.#watch.hasSpoken) {
      this.#fail('VM_BOOT', "the machine ended before the guest's agent said anything");
    } else {
      // What it sent before its end may still be on its way to us.
      this.#after(reportMs, () => {
        if (!this.#exitSeen) this.#noResult('is missing: the machine ended before its job', undefined);
      });
    }
  }

  #reportSoon(code: VmErrorCode, line: string): void {
    this.#after(reportMs, () => {
      this.#failByKernel();
      this.#fail(code, line);
    });
  }

  #failByKernel(): void {
    const failed = this.#kernelFailure();
    if (failed !== undefined) this.#reject(failed);
  }

  #kernelFailure(): VmError | undefined {
    const { panic, oops, tail } = this.#console;
    if (panic !== undefined) {
      const before = oops === undefined ? '' : ` (after: ${oops})`;
      return new VmError('VM_PANIC', `the guest's kernel: ${panic}${before}`, tail);
    }
    return oops === undefined ? undefined : new VmError('VM_OOPS', `the guest's kernel: ${oops}`, tail);
  }

  #noResult(what: string, cause: unknown): void {
    this.#reject(this.#withoutResult(what, cause));
  }

  #withoutResult(what: string, cause: unknown): VmError | NoSpaceError {
    // That is this machine's, and another boot would meet it, too.
    if (isFullDisk(cause)) return new NoSpaceError(this.#plan.out, undefined, { cause, remedy: elsewhere });
    return new VmError('VM_NO_RESULT', `the result of the guest's job ${what}`, this.#console.tail, {
      cause,
    });
  }

  #fail(code: VmErrorCode, reason: string): void {
    this.#reject(new VmError(code, reason, this.#console.tail));
  }

  #after(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(act, ms));
  }
}
