/** A matrix that is played without booting anything: the guest is a function that sends a record. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { MatrixDirectory } from '../../../src/matrix/matrix-directory.js';
import { type MatrixPlay, playMatrix } from '../../../src/matrix/play.js';
import type { ReadyKernel } from '../../../src/matrix/prepare-kernels.js';
import type { RunBootPlan } from '../../../src/vm/run-in-vm.js';
import { syntheticRun } from '../report/synthetic-run.js';
import { type Asked, aPlan } from './a-plan.js';

export const ended = { kind: 'ended', exitStatus: 0, guestMs: 7 } as const;

export function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-matrix-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function aMatrix(t: TestContext, asked: Asked = {}): MatrixDirectory {
  return MatrixDirectory.create(join(scratch(t), 'm'), aPlan(asked));
}

export type Boot = NonNullable<MatrixPlay['boot']>;

/** A guest that sends the record of writeback-held x compact on 6.18; told are the boots, in their order. */
export function fakeBoot(t: TestContext, act: (plan: RunBootPlan) => Promise<void> | void = () => {}) {
  const run = syntheticRun(t);
  const booted: string[] = [];
  const boot: Boot = async (plan) => {
    booted.push(plan.out.split('/').slice(-2).join(' '));
    plan.progress({ kind: 'line', stream: 'stderr', line: 'job began', guestNs: 1 });
    await act(plan);
    cpSync(run.path, plan.out, { recursive: true });
    return ended;
  };
  return { boot, booted };
}

export function preparedFor({ plan }: MatrixDirectory): ReadyKernel[] {
  const guest = { initrd: 'initrd', image: 'image' };
  const accel = { accel: 'tcg', because: 'a test' } as const;
  return plan.kernels.map((planned) => {
    const { name, release, source } = planned;
    const kernel = { name, release, image: 'bzImage', modules: undefined, config: undefined, source };
    return { planned, prepared: { kernel, guest, accel } };
  });
}

export function play(matrix: MatrixDirectory, boot: Boot, more: Partial<MatrixPlay> = {}): Promise<void> {
  const prepared = new Map(preparedFor(matrix).map((one) => [one.planned.label, one.prepared]));
  const signal = new AbortController().signal;
  return playMatrix({
    ...{ matrix, prepared, jobs: 1, memoryMiB: 100_000, signal, progress: () => {}, boot },
    ...more,
  });
}
