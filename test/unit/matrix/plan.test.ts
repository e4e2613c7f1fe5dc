import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BootEnd } from '../../../src/matrix/boot-end.js';
import { MatrixPlanSpec, type PlannedBoot, parseMatrixPlan } from '../../../src/matrix/matrix-plan.js';
import { piecesAfter } from '../../../src/matrix/pieces.js';
import { armsOfBoot, bootsOfPlan, mostArms } from '../../../src/matrix/plan.js';
import { parseShard } from '../../../src/matrix/shard.js';
import { wordsForCells } from '../../../src/vm/run-in-vm.js';
import { aPlan, cellsOf, kernel, played } from './a-plan.js';

const pairs = (cells: PlannedBoot['cells']) => cells.map(({ scenario, trigger }) => `${scenario} ${trigger}`);
const panic: BootEnd['end'] = { kind: 'failed', cut: true, code: 'VM_PANIC', message: '', tail: [] };
const everything = { scenarios: [], all: true };

/** What `stuckfs run` plays for the words that a boot gets. */
function playedBy({ cells }: PlannedBoot): Set<string> {
  const named = cells.map(({ scenario, trigger }) => ({
    scenario: { id: scenario },
    trigger: { id: trigger },
  }));
  const words = wordsForCells(named, { ...played, all: true });
  const valuesOf = (option: string) => words.filter((_, at) => words[at - 1] === option);
  const wanted = cellsOf({ all: true, scenarios: valuesOf('--scenario'), triggers: valuesOf('--trigger') });
  return new Set(wanted.map(({ scenario, trigger }) => `${scenario.id} ${trigger.id}`));
}

describe('the plan of a matrix', () => {
  test('has every cell once, and the words of each boot mean just its cells', () => {
    const plan = aPlan({ words: everything });
    const wanted = new Set(
      cellsOf(everything).map(({ scenario, trigger }) => `${scenario.id} ${trigger.id}`),
    );
    const all = plan.boots.flatMap(({ cells }) => pairs(cells));
    assert.deepEqual(new Set(all), wanted);
    assert.equal(all.length, wanted.size);
    for (const boot of plan.boots) assert.deepEqual(playedBy(boot), new Set(pairs(boot.cells)), boot.name);
    assert.equal(new Set(plan.boots.map(({ name }) => name)).size, plan.boots.length);
    assert.deepEqual(MatrixPlanSpec.parse(JSON.parse(JSON.stringify(plan))), plan);
  });

  test('has no long boot that can be cut, and every arm is of one', () => {
    const plan = aPlan({ words: everything, repeat: 2 });
    for (const boot of plan.boots)
      assert.ok(armsOfBoot(plan, boot).length * 2 <= mostArms || boot.cells.length === 1, boot.name);
    assert.equal(
      plan.boots.reduce((sum, boot) => sum + armsOfBoot(plan, boot).length, 0),
      plan.arms.length,
    );
  });

  test('has the same id for the same work only', () => {
    const { id } = aPlan();
    assert.equal(aPlan({ shard: { index: 1, of: 2 } }).id, id);
    // Another image of the same name is told by itself.
    assert.equal(aPlan({ kernels: [kernel('6.1', { imageSha256: 'other' }), kernel('6.18')] }).id, id);
    assert.notEqual(aPlan({ kernels: [kernel('6.1')] }).id, id);
    assert.notEqual(aPlan({ repeat: 2 }).id, id);
    assert.notEqual(aPlan({ words: { scenarios: ['healthy'] } }).id, id);
  });

  test('shards have each boot once between them', () => {
    const words = { scenarios: ['healthy', 'splice-pinned'], all: true };
    const whole = bootsOfPlan(aPlan({ words }));
    assert.ok(whole.length > 3 && whole.every(({ isOurs }) => isOurs));
    const shards = [1, 2, 3].map((index) => bootsOfPlan(aPlan({ words, shard: { index, of: 3 } })));
    for (const [place] of whole.entries())
      assert.equal(shards.filter((shard) => shard[place]?.isOurs).length, 1, `${place}`);
    assert.ok(shards.every((shard) => shard.some(({ isOurs }) => isOurs)));
  });
});

describe('the pieces of a boot that failed', () => {
  test('are halves whose words mean just their cells, down to single cells', () => {
    const seen: string[] = [];
    const cut = (boot: PlannedBoot): void => {
      assert.deepEqual(playedBy(boot), new Set(pairs(boot.cells)), boot.name);
      const pieces = piecesAfter(boot, panic);
      if (pieces.length === 0) {
        seen.push(...pairs(boot.cells));
        return;
      }
      assert.deepEqual(
        pieces.map(({ name }) => name),
        [`${boot.name}.1`, `${boot.name}.2`],
      );
      for (const piece of pieces) cut(piece);
    };
    const { boots } = aPlan({ words: everything });
    for (const boot of boots) cut(boot);
    assert.deepEqual(seen.sort(), boots.flatMap(({ cells }) => pairs(cells)).sort());
  });
});

test('a shard is I/N', () => {
  assert.deepEqual(parseShard('2/3'), { index: 2, of: 3 });
  for (const wrong of ['', '0/2', '3/2', '1/0', '1', '1/2/3', '-1/2', '1/1001', 'a/b'])
    assert.throws(() => parseShard(wrong), { code: 'USAGE', field: '--shard', value: wrong });
});

test('a plan that is broken is told, and no name in it leads out of its directory', () => {
  const plan = aPlan();
  const parse = (json: unknown) => parseMatrixPlan(JSON.stringify(json), 'p');
  assert.deepEqual(parse(plan), plan);
  assert.throws(() => parseMatrixPlan('{', 'p'), /is not JSON/);
  assert.throws(() => parse({ ...plan, version: 99 }), /a newer stuckfs wrote it/);
  const [boot] = plan.boots;
  assert.throws(() => parse({ ...plan, boots: [{ ...boot, name: '../../etc' }] }), /no name of a directory/);
  assert.throws(() => parse({ ...plan, kernels: [{ ...kernel('6.1'), label: '..' }] }), /no name of a dir/);
});
