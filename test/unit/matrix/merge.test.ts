import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { BootEnd } from '../../../src/matrix/boot-end.js';
import { MatrixJsonSpec } from '../../../src/matrix/matrix-json.js';
import type { MatrixPlan } from '../../../src/matrix/matrix-plan.js';
import { type BootResult, mergeMatrix } from '../../../src/matrix/merge.js';
import { bootsOfPlan } from '../../../src/matrix/plan.js';
import { renderMatrix } from '../../../src/matrix/render-matrix.js';
import type { Cell, RunJson } from '../../../src/report/run-json.js';
import { judgeRun } from '../../../src/report/write.js';
import { syntheticRun } from '../report/synthetic-run.js';
import { type Asked, aPlan, kernel } from './a-plan.js';

const asked: Asked = {
  words: { scenarios: ['writeback-held'] },
  kernels: [kernel('6.1'), kernel('6.12'), kernel('6.18')],
};
const ended: BootEnd['end'] = { kind: 'ended', exitStatus: 0, guestMs: 5, again: [] };
const panic: BootEnd['end'] = {
  kind: 'failed',
  cut: true,
  code: 'VM_PANIC',
  message: "the guest's kernel: panic",
  tail: ['not syncing'],
};

function result(
  plan: MatrixPlan,
  place: number,
  end: BootEnd['end'] | undefined,
  report?: RunJson,
): BootResult {
  const { kernel, boot } = bootsOfPlan(plan)[place] ?? assert.fail(`no boot ${place}`);
  return {
    kernel,
    boot,
    end: end && { plan: plan.id, release: kernel.release, accel: 'tcg', hostMs: 10, end },
    report,
    directory: report && `${kernel.label}/${boot.name}`,
    missing: end === undefined ? 'was not played' : undefined,
  };
}

/** A run whose fault arm came to this. */
function runWith(t: TestContext, fault: Partial<Cell>): RunJson {
  const run = judgeRun(syntheticRun(t));
  const [control, other] = run.cells as [Cell, Cell];
  return { ...run, doseResponses: [], cells: [control, { ...other, ...fault }] };
}

const rowOf = (matrix: ReturnType<typeof mergeMatrix>, kind: 'control' | 'fault') =>
  matrix.rows.find(({ arm }) => arm === kind) ?? assert.fail(`no ${kind} row`);

describe('a merged matrix', () => {
  test('shows what changed, from where to where, each with its evidence', (t) => {
    const plan = aPlan(asked);
    const before = runWith(t, {
      outcome: 'migrated',
      expected: 'migrated',
      verdict: 'pass',
      reason: 'copied',
    });
    const after = runWith(t, { reason: 'waited' });
    const results = [before, before, after].map((report, at) => result(plan, at, ended, report));
    const matrix = mergeMatrix(plan, results, []);
    assert.deepEqual(MatrixJsonSpec.parse(JSON.parse(JSON.stringify(matrix))), matrix);
    const fault = rowOf(matrix, 'fault');
    assert.deepEqual(fault.changes, [{ from: '6.12', before: 'migrated', to: '6.18', after: 'stalled' }]);
    assert.deepEqual(rowOf(matrix, 'control').changes, []);
    assert.deepEqual(
      fault.kernels.map(({ evidence, verdict }) => [evidence, verdict]),
      ['6.1', '6.12', '6.18'].map((label) => [`${label}/plain/run.json#/cells/1`, 'pass']),
    );
    assert.equal(matrix.verdict, 'pass');
    const text = renderMatrix(matrix);
    assert.match(text, /^ +6\.1 +6\.12 +6\.18$/m);
    assert.match(text, /^ {2}fault +migrated +migrated +stalled +changed$/m);
    assert.match(text, /writeback-held x compact, fault arm: migrated up to 6\.12, stalled from 6\.18 on/);
    assert.match(
      text,
      /6\.12: copied \(pass\)\n +decided by [^/]*[\s\S]*?\n +6\.12\/plain\/run\.json#\/cells\/1/,
    );
    assert.match(text, /6\.18: waited \(pass\)\n[\s\S]*?\n +6\.18\/plain\/run\.json#\/cells\/1/);
    assert.match(text, /\n1 of 2 arms changed/);
  });

  test('a boot that failed is unknown with its reason, neither a change nor in the way of one', (t) => {
    const plan = aPlan(asked);
    const before = runWith(t, { outcome: 'migrated', expected: 'migrated', verdict: 'pass' });
    const matrix = mergeMatrix(
      plan,
      [result(plan, 0, ended, before), result(plan, 1, panic), result(plan, 2, ended, runWith(t, {}))],
      [],
    );
    const fault = rowOf(matrix, 'fault');
    const [, dead] = fault.kernels;
    assert.deepEqual([dead?.state, dead?.outcome, dead?.verdict], ['missing', 'unknown', 'unknown']);
    assert.match(dead?.reason ?? '', /VM_PANIC: the guest's kernel: panic/);
    assert.deepEqual(fault.changes, [{ from: '6.1', before: 'migrated', to: '6.18', after: 'stalled' }]);
    assert.equal(matrix.verdict, 'unknown');
    assert.deepEqual(
      matrix.boots.map(({ state }) => state),
      ['ended', 'failed', 'ended'],
    );
    const text = renderMatrix(matrix);
    assert.match(text, /6\.12 plain: VM_PANIC: .*\n +\| not syncing/);
    assert.match(text, /^ {2}fault +migrated +no result +stalled +changed$/m);
  });

  test('what was not played says so, a skip keeps its reason, an unexpected outcome fails', (t) => {
    const plan = aPlan(asked);
    const skip: Partial<Cell> = { arm: null, verdict: 'skip', outcome: 'unknown', reason: 'no FUSE' };
    const skipped = runWith(t, skip);
    const wrong = runWith(t, { outcome: 'failed', verdict: 'fail', reason: 'why' });
    const matrix = mergeMatrix(
      plan,
      [
        result(plan, 0, undefined),
        result(plan, 1, ended, { ...skipped, verdict: 'pass', cells: skipped.cells.slice(1) }),
        result(plan, 2, ended, { ...wrong, verdict: 'fail' }),
      ],
      ['1/2'],
    );
    assert.deepEqual(
      rowOf(matrix, 'fault').kernels.map(({ state, verdict, reason }) => [state, verdict, reason]),
      [
        ['missing', 'unknown', 'was not played'],
        ['skipped', 'skip', 'no FUSE'],
        ['played', 'fail', 'why'],
      ],
    );
    assert.equal(matrix.verdict, 'fail');
    const text = renderMatrix(matrix);
    assert.match(text, /matrix \w+, of shard 1\/2/);
    assert.match(text, /^ {2}fault +no result +skipped +failed FAIL/m);
    assert.match(text, /not as expected:\n.*on 6\.18: failed, expected stalled: why/);
    assert.match(text, /skipped:\n.*on 6\.12: no FUSE/);
  });

  test('an arm that came out in two ways is unknown; a run that lacks one, too', (t) => {
    const plan = aPlan(asked);
    const run = runWith(t, {});
    const [control, fault] = run.cells as [Cell, Cell];
    const again: Cell = { ...fault, repeat: 2, outcome: 'migrated', verdict: 'fail' };
    const matrix = mergeMatrix(
      plan,
      [
        result(plan, 0, ended, { ...run, cells: [control, fault, again] }),
        result(plan, 1, ended, { ...run, cells: [control] }),
        result(plan, 2, ended, run),
      ],
      [],
    );
    const [flapping, lacking] = rowOf(matrix, 'fault').kernels;
    assert.deepEqual([flapping?.outcome, flapping?.runs], ['unknown', 2]);
    assert.match(flapping?.reason ?? '', /stalled and migrated/);
    assert.match(lacking?.reason ?? '', /does not have this arm/);
    assert.deepEqual(rowOf(matrix, 'fault').changes, []);
  });

  test('fits its published schema', (t) => {
    const schema = readFileSync(new URL('../../../../schemas/matrix.schema.json', import.meta.url), 'utf8');
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(schema));
    const plan = aPlan(asked);
    const matrix = mergeMatrix(plan, [result(plan, 0, ended, runWith(t, {})), result(plan, 1, panic)], []);
    assert.ok(validate(JSON.parse(JSON.stringify(matrix))), JSON.stringify(validate.errors));
    assert.ok(!validate({ ...matrix, verdict: 'fine' }));
  });
});
