/**
 * Plays what of a matrix is still to be played: so many boots at once as there are jobs, the long ones first. A boot that
 * fails is written down and the matrix goes on; if it had several cells it is played again in two halves, so that only the
 * cell that is to blame stays unknown.
 */
import { reportRun } from '../report/write.js';
import type { Prepared } from '../vm/prepare.js';
import { overdueStatus } from '../vm/protocol.js';
import { runBoot, wordsForCells } from '../vm/run-in-vm.js';
import { VmError } from '../vm/vm-error.js';
import type { BootEnd } from './boot-end.js';
import { contradiction } from './gather.js';
import { GuestLog } from './guest-log.js';
import { GuestRunError, inGuestRun, openGuestRun } from './guest-run.js';
import type { MatrixDirectory } from './matrix-directory.js';
import type { PlannedBoot, PlannedKernel } from './matrix-plan.js';
import { cellsAgain, piecesAfter } from './pieces.js';
import { armsOfBoot, bootsOfPlan } from './plan.js';

export interface MatrixPlay {
  readonly matrix: MatrixDirectory;
  /** By the label of the kernel. */
  readonly prepared: ReadonlyMap<string, Prepared>;
  readonly jobs: number;
  /** Of this machine; a boot waits for others to end rather than have more, unless it is alone. */
  readonly memoryMiB: number;
  /** No boot goes on when it is aborted. What has ended stays. */
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** What boots; a test has its own. */
  readonly boot?: typeof runBoot;
}

interface Task {
  readonly kernel: PlannedKernel;
  readonly boot: PlannedBoot;
}

/** So often a kernel may fail to come to its job before its other boots are given up. */
const mostDeadBoots = 2;
/** `stuckfs run` ended and left nothing. */
const noRun = 'NO_RUN';
/** Exit statuses with which it says that it cannot: it would say so of each half, too. */
const refusals: ReadonlySet<number> = new Set([2, 4]);
/** QEMU's own, for each guest. */
const overheadMiB = 256;

/** By the guest's clock: an arm may be played three times. */
const baseDeadlineMs = 180_000;
const armDeadlineMs = 90_000;

/** @throws the signal's reason; what is no guest's failure, as a disk that is full */
export async function playMatrix(play: MatrixPlay): Promise<void> {
  play.signal.throwIfAborted();
  await new Playing(play).all();
}

class Playing {
  readonly #play: MatrixPlay;
  readonly #queue: Task[];
  readonly #running = new Map<Task, Promise<void>>();
  readonly #deadBoots = new Map<string, number>();
  /** Ends the other boots when one meets what is no guest's failure. */
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;

  constructor(play: MatrixPlay) {
    this.#play = play;
    this.#signal = AbortSignal.any([play.signal, this.#broken.signal]);
    const { matrix } = play;
    const left = bootsOfPlan(matrix.plan)
      .filter(({ isOurs }) => isOurs)
      .flatMap(({ kernel, boot }) => matrix.statesOf(kernel, boot))
      .filter(({ end }) => end?.end.kind !== 'ended');
    // Stable: otherwise kernel by kernel.
    this.#queue = left
      .map(({ kernel, boot }) => ({ kernel, boot }))
      .sort((a, b) => this.#armsOf(b.boot) - this.#armsOf(a.boot));
  }

  async all(): Promise<void> {
    const total = this.#queue.length;
    this.#say(`${total} ${total === 1 ? 'boot' : 'boots'} to play, ${this.#play.jobs} at a time`);
    try {
      for (;;) {
        this.#signal.throwIfAborted();
        this.#start();
        if (this.#running.size === 0) return;
        await Promise.race(this.#running.values());
      }
    } catch (error) {
      this.#broken.abort(error);
      throw error;
    } finally {
      await Promise.allSettled(this.#running.values());
    }
  }

  #start(): void {
    while (this.#running.size < this.#play.jobs) {
      const usedMiB = [...this.#running.keys()].reduce((sum, { boot }) => sum + needMiB(boot), 0);
      const fits = ({ boot }: Task) =>
        this.#running.size === 0 || usedMiB + needMiB(boot) <= this.#play.memoryMiB;
      const at = this.#queue.findIndex(fits);
      const [task] = at < 0 ? [] : this.#queue.splice(at, 1);
      if (task === undefined) return;
      const running = this.#playBoot(task).finally(() => this.#running.delete(task));
      // It is waited for below; until then its failure is nobody's surprise.
      running.catch(() => undefined);
      this.#running.set(task, running);
    }
  }

  async #playBoot(task: Task): Promise<void> {
    const { kernel, boot } = task;
    const { matrix } = this.#play;
    matrix.clear(kernel, boot);
    const name = `${kernel.label} ${boot.name}`;
    const startedMs = performance.now();
    const end = await this.#ended(task, name);
    const hostMs = performance.now() - startedMs;
    const told = end.kind === 'ended' ? `ended with status ${end.exitStatus}` : `${end.code}: ${end.message}`;
    matrix.writeEnd(kernel, boot, {
      plan: matrix.plan.id,
      release: kernel.release,
      accel: this.#preparedOf(kernel).accel.accel,
      hostMs,
      end,
    });
    this.#queue.unshift(...piecesAfter(boot, end).map((piece) => ({ kernel, boot: piece })));
    if (end.kind === 'failed' && !end.cut && end.code !== noRun)
      this.#deadBoots.set(kernel.label, (this.#deadBoots.get(kernel.label) ?? 0) + 1);
    const left = this.#queue.length + this.#running.size - 1;
    this.#say(`${name}: ${told} (${(hostMs / 1000).toFixed(0)} s; ${left} left)`);
  }

  async #ended({ kernel, boot }: Task, name: string): Promise<BootEnd['end']> {
    const { matrix, boot: bootIt = runBoot } = this.#play;
    const { accel, ...given } = this.#preparedOf(kernel);
    const dead = this.#deadBoots.get(kernel.label) ?? 0;
    if (dead >= mostDeadBoots)
      return failed('NOT_TRIED', `${dead} boots of this kernel did not come to their job`, [], false);
    const arms = this.#armsOf(boot);
    this.#say(`${name}: booting ${kernel.release} for ${arms} ${arms === 1 ? 'arm' : 'arms'}`);
    const out = matrix.runDirectory(kernel, boot);
    const { holdMs } = matrix.plan.played;
    const log = new GuestLog((line) => this.#say(`${name}: ${line}`));
    try {
      const { exitStatus, guestMs } = await bootIt({
        ...given,
        shape: boot.shape,
        accel: accel.accel,
        words: wordsForCells(
          boot.cells.map(({ scenario, trigger }) => ({
            scenario: { id: scenario },
            trigger: { id: trigger },
          })),
          matrix.plan.played,
        ),
        out,
        deadlineGuestMs: baseDeadlineMs + arms * (armDeadlineMs + 3 * holdMs),
        signal: this.#signal,
        progress: (news) => log.hear(news),
      });
      const run = openGuestRun(out);
      if (run === undefined) {
        const said = `the run ended with status ${exitStatus} before it had a run directory: ${log.last}`;
        matrix.writeLog(kernel, boot, log.text());
        return failed(noRun, said, [], !refusals.has(exitStatus));
      }
      const again = await inGuestRun(async () => {
        run.write('guest.log', log.text());
        const left = exitStatus === overdueStatus ? cellsAgain(boot, await reportRun(run)) : [];
        if (left.length === 0) await reportRun(run, 'all', (judged) => contradiction(judged, exitStatus));
        return left;
      });
      return { kind: 'ended', exitStatus, guestMs, again };
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof VmError || error instanceof GuestRunError)) throw error;
      matrix.writeLog(kernel, boot, log.text());
      if (error instanceof GuestRunError) return failed(noRun, error.message, [], true);
      return failed(error.code, firstLine(error.message), error.tail, log.hasBegun);
    }
  }

  #preparedOf({ label }: PlannedKernel): Prepared {
    const prepared = this.#play.prepared.get(label);
    if (prepared === undefined) throw new Error(`no guest was made for ${label}`);
    return prepared;
  }

  #armsOf(boot: PlannedBoot): number {
    const { plan } = this.#play.matrix;
    return armsOfBoot(plan, boot).length * plan.played.repeat;
  }

  #say(line: string): void {
    this.#play.progress(line);
  }
}

function needMiB({ shape }: PlannedBoot): number {
  const { memoryMiB, dimmMiB = 0, hotplugDimmMiB = 0, virtioMemMiB = 0 } = shape;
  return memoryMiB + dimmMiB + hotplugDimmMiB + virtioMemMiB + overheadMiB;
}

function failed(code: string, message: string, tail: readonly string[], cut: boolean): BootEnd['end'] {
  return { kind: 'failed', cut, code, message, tail: [...tail] };
}

/** The rest of a VmError's message is its tail. */
function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
