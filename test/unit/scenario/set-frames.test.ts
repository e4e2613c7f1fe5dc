import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Kpf, type KpfName } from '../../../src/kernel/kpageflags.js';
import type { StuckBy } from '../../../src/record/arm-design.js';
import { RunDirectory } from '../../../src/record/run-directory.js';
import { type ArmContext, ArmError } from '../../../src/scenario/arm-context.js';
import type { Child } from '../../../src/scenario/child.js';
import { setFilesOf } from '../../../src/scenario/set-files.js';
import { isFolioWithoutData, isLockedWithoutData, SetFrames } from '../../../src/scenario/set-frames.js';
import { temporaryDirectory } from '../safety/fixtures.js';

const bits = (...names: KpfName[]) => names.reduce((all, name) => all | (1n << BigInt(Kpf[name])), 0n);

const asked: { command: string; words: unknown }[] = [];
const workload = {
  ask: async (command: string, words: unknown) => {
    asked.push({ command, words });
  },
} as unknown as Child;

function framesIn(
  t: TestContext,
  of: { reads: boolean; withholds: boolean },
  stuckBy: StuckBy = 'writeback',
) {
  asked.length = 0;
  const run = RunDirectory.create(join(temporaryDirectory(t), 'run'));
  const events: unknown[] = [];
  const plan = { index: 2, stuckBytes: 8192, controlBytes: 8192, design: { stuckBy } };
  const context = {
    ...of,
    plan,
    stage: { run },
    deadlineForBytes: () => 1000,
    record: (event: unknown) => events.push(event),
  } as unknown as ArmContext;
  return { run, events, frames: new SetFrames(context, workload, setFilesOf(plan)) };
}

test('a frame with a READ withheld is told from one that was given to somebody else since', () => {
  assert.equal(isLockedWithoutData(bits('LOCKED', 'LRU')), true);
  assert.equal(isLockedWithoutData(bits('LOCKED', 'LRU', 'UPTODATE')), false);
  assert.equal(isLockedWithoutData(bits('LRU')), false);
  assert.equal(isFolioWithoutData(bits('LRU')), true);
  for (const other of ['UPTODATE', 'ANON', 'BUDDY'] as const)
    assert.equal(isFolioWithoutData(bits('LRU', other)), false, other);
  assert.equal(isFolioWithoutData(bits('BUDDY')), false);
  assert.equal(isFolioWithoutData(0n), false);
});

test('a table is read as it was written, and not where a pfn in it is not known', (t) => {
  const { frames } = framesIn(t, { reads: false, withholds: true });
  const { stuckPfns, controlPfns } = frames.tables('before');
  assert.deepEqual([stuckPfns, controlPfns], ['pfns/2-stuck-before.u64', 'pfns/2-control-before.u64']);
  frames.write(stuckPfns, Float64Array.of(5, 2 ** 36));
  assert.deepEqual(frames.read(stuckPfns), Float64Array.of(5, 2 ** 36));
  frames.write(controlPfns, Float64Array.of(5, -1, 7));
  assert.throws(
    () => frames.read(controlPfns),
    (error) => error instanceof ArmError && /1 of 3 stuck folios have no known pfn/.test(error.message),
  );
});

test('what is written is looked for untouched; what was read in is mapped once nothing withholds it', async (t) => {
  for (const [of, touch] of [
    [{ reads: false, withholds: true }, false],
    [{ reads: true, withholds: false }, true],
  ] as const) {
    const { frames, events, run } = framesIn(t, of);
    await frames.locateAgain('hold-ended', 'hold');
    const [stuckOut, controlOut] = ['stuck', 'control'].map((set) =>
      join(run.path, `pfns/2-${set}-hold.u64`),
    );
    assert.deepEqual(asked, [{ command: 'locate', words: { touch, stuckOut, controlOut } }]);
    const tables = { stuckPfns: 'pfns/2-stuck-hold.u64', controlPfns: 'pfns/2-control-hold.u64' };
    assert.deepEqual(events, [{ event: 'hold-ended', arm: 2, ...tables }]);
  }
});

test('what a reference keeps is looked for untouched, and then mapped in', async (t) => {
  const { frames, events, run } = framesIn(t, { reads: false, withholds: true }, 'reference');
  await frames.locateAgain('set-found', 'after');
  const path = (name: string) => join(run.path, `pfns/2-${name}.u64`);
  assert.deepEqual(
    asked.map(({ words }) => words),
    [
      { touch: false, stuckOut: path('stuck-after'), controlOut: path('control-after') },
      { touch: true, stuckOut: path('stuck-after-mapped') },
    ],
  );
  const [found] = events as { stuckPfnsMapped?: string }[];
  assert.equal(found?.stuckPfnsMapped, 'pfns/2-stuck-after-mapped.u64');
});
