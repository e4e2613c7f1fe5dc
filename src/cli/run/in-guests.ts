/**
 * A run in guests: the same cells as here, a boot for each machine that they need, one after the other.  The run
 * directory of a single boot is the run's own; those of several lie in it, and the run is told as one.
 */
import { join } from 'node:path';
import { tryOut } from '../../matrix/try-out.js';
import { joinRuns, type NamedRun } from '../../report/join.js';
import { renderTerminal } from '../../report/terminal.js';
import { exitStatusOf } from '../../report/verdict.js';
import { wantedCells } from '../../scenario/cells.js';
import { outPath } from '../../scenario/out-path.js';
import { Progress } from '../../scenario/progress.js';
import { scenarios } from '../../scenario/registry.js';
import type { RunResult, RunWords } from '../../scenario/run.js';
import { triggers } from '../../trigger/registry.js';
import type { AccelWish } from '../../vm/accel.js';
import { cacheDirectory } from '../../vm/cache.js';
import { type Prepared, prepareGuest } from '../../vm/prepare.js';
import { bootsFor } from '../../vm/shapes.js';
import { abortOnSignal } from './interruption.js';
import { playBoot } from './play-boot.js';
import { writeJoined } from './write-joined.js';

export interface GuestWords {
  readonly kernel: string;
  readonly modules: string | undefined;
  readonly accel: AccelWish;
  readonly environment: NodeJS.ProcessEnv;
}

/** @throws {UsageError} for words that are wrong, and what keeps a guest from being made ready; all before any boot */
export async function runInGuests(words: RunWords, guest: GuestWords): Promise<RunResult> {
  const { cells, absent } = wantedCells(words, { scenarios, triggers });
  const out = outPath(words.out);
  tryOut(out);
  const progress = new Progress(words.progress);
  for (const line of absent) progress.step(`not run: ${line}`);
  const interruption = abortOnSignal((signal) => progress.step(`${signal}: ending the guest`));
  try {
    const { signal } = interruption;
    const prepared = await prepareGuest({
      ...guest,
      cache: cacheDirectory(guest.environment),
      progress: (line) => progress.step(line),
      signal,
    });
    sayWhat(prepared, progress);
    const boots = bootsFor(cells);
    const runs: NamedRun[] = [];
    for (const boot of boots) {
      const place = boots.length === 1 ? out : join(out, boot.name);
      progress.step(`boot ${runs.length + 1} of ${boots.length}, ${boot.name}; run directory ${place}`);
      runs.push({
        name: boot.name,
        run: await playBoot({ prepared, boot, words, out: place, progress, signal }),
      });
    }
    const verdict = joinRuns(runs);
    if (boots.length > 1) writeJoined(verdict, out);
    return { verdict, exitStatus: exitStatusOf[verdict.verdict], terminal: renderTerminal(verdict) };
  } catch (error) {
    // What was under way then fails in its own words.
    interruption.signal.throwIfAborted();
    throw error;
  } finally {
    interruption.forget();
  }
}

function sayWhat({ kernel, accel }: Prepared, progress: Progress): void {
  const from =
    kernel.source.kind === 'debian'
      ? `${kernel.source.suite}: ${kernel.source.packages.map(({ name, version }) => `${name} ${version}`).join(', ')}`
      : kernel.image;
  progress.step(`kernel ${kernel.release} (${from}); ${accel.accel}: ${accel.because}`);
}
