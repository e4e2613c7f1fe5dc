/**
 * One boot of a run: its cells are played in a guest, its run directory comes back, and the reports are made again here,
 * from that directory alone.  A guest that fails costs the verdict of its cells, never the run.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageVersion } from '../../base/version.js';
import { GuestLog } from '../../matrix/guest-log.js';
import { GuestRunError, inGuestRun, openGuestRun } from '../../matrix/guest-run.js';
import { unplayedRun } from '../../report/join.js';
import type { RunJson } from '../../report/run-json.js';
import type { UnplayedArm } from '../../report/unplayed.js';
import { exitStatusOf } from '../../report/verdict.js';
import { reportRun } from '../../report/write.js';
import type { WantedCell } from '../../scenario/cells.js';
import type { Progress } from '../../scenario/progress.js';
import type { RunWords } from '../../scenario/run.js';
import type { Prepared } from '../../vm/prepare.js';
import { runBoot, wordsForCells } from '../../vm/run-in-vm.js';
import type { Boot } from '../../vm/shapes.js';
import { VmError } from '../../vm/vm-error.js';
import { writeJoined } from './write-joined.js';

/** What an arm may take in a guest besides its hold; with deadlines ten times as long, on an emulated CPU. */
const armMs = 90_000;
const startMs = 120_000;
/** A mitigated arm, and what is awaited after a release. */
const holdsOfArm = 4;

export interface BootToPlay {
  readonly prepared: Prepared;
  readonly boot: Boot<WantedCell>;
  readonly words: RunWords;
  readonly out: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** @throws the signal's reason, and what other boots would not get around: a disk that is full, a wrong directory */
export async function playBoot(one: BootToPlay): Promise<RunJson> {
  const { prepared, boot, words, out, progress, signal } = one;
  const { kernel, guest, accel } = prepared;
  const arms = armsOf(boot.cells, words.repeat);
  const log = new GuestLog((line) => progress.step(line));
  try {
    const { exitStatus } = await runBoot({
      ...{ kernel, guest, out, signal },
      ...{ accel: accel.accel, shape: boot.shape },
      words: wordsForCells(boot.cells, words),
      deadlineGuestMs: startMs + arms.length * (holdsOfArm * words.holdMs + armMs),
      progress: (news) => log.hear(news),
    });
    const said = `the run in the guest ended with status ${exitStatus}: ${log.last}`;
    const run = openGuestRun(out);
    if (run === undefined) throw new GuestRunError(said);
    return await inGuestRun(async () => {
      run.write('guest.log', log.text());
      return reportRun(run, 'all', (judged) => (exitStatus === exitStatusOf[judged.verdict] ? [] : [said]));
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof VmError || error instanceof GuestRunError)) throw error;
    const { code, message } = error;
    process.stderr.write(`stuckfs: ${code}: ${message}\n`);
    const facts = { stuckfs: packageVersion(), kernel: kernel.release, on: 'vm', seed: words.seed };
    const reason = `${code}: ${message.split('\n')[0]}`;
    const failed = unplayedRun(
      facts,
      arms.map((arm) => ({ ...arm, reason })),
    );
    writeJoined(failed, out);
    writeFileSync(join(out, 'guest.log'), `${log.text()}${code}: ${message}\n`);
    return failed;
  }
}

function armsOf(cells: readonly WantedCell[], repeat: number): readonly Omit<UnplayedArm, 'reason'>[] {
  return Array.from({ length: repeat }, (_, time) =>
    cells.flatMap(({ scenario, trigger, transport, arms }, index) =>
      arms.map(({ kind, variant, mitigation }) => ({
        cell: time * cells.length + index,
        ...{ scenario: scenario.id, trigger: trigger.id, transport, repeat: time + 1 },
        ...{ kind, variant: variant ?? null, mitigation: mitigation ?? 'none' },
      })),
    ),
  ).flat();
}
