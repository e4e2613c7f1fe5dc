import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CellWords, wantedCells } from '../../../src/scenario/cells.js';
import { scenarios } from '../../../src/scenario/registry.js';
import { triggers } from '../../../src/trigger/registry.js';
import { qemuWords } from '../../../src/vm/qemu/command-line.js';
import { wordsForCells } from '../../../src/vm/run-in-vm.js';
import { bootsFor, shapeOfTrigger } from '../../../src/vm/shapes.js';

const nothing: CellWords = { scenarios: [], all: false, triggers: [], transports: [], mitigations: [] };
const played = {
  all: false,
  transports: [],
  mitigations: [],
  repeat: 1,
  stuckBytes: 2 << 20,
  holdMs: 2000,
  seed: 1,
};

function cellsOf(words: Partial<CellWords>) {
  return wantedCells({ ...nothing, ...words }, { scenarios, triggers }).cells;
}

function told(boots: ReturnType<typeof bootsFor>): Record<string, readonly string[]> {
  return Object.fromEntries(
    boots.map(({ name, cells }) => [name, cells.map((cell) => `${cell.scenario.id} ${cell.trigger.id}`)]),
  );
}

const cell = (id: string, own: readonly string[], trigger: string, harmsHost = false) => ({
  scenario: { id, triggers: own },
  trigger: { id: trigger, harmsHost },
});

describe('which cells share a boot', () => {
  test('those of one shape', () => {
    const boots = bootsFor(
      cellsOf({ scenarios: ['healthy', 'writeback-held'], triggers: ['compact', 'mbind', 'move-pages'] }),
    );
    assert.deepEqual(told(boots), {
      plain: ['healthy compact', 'writeback-held compact'],
      'two-nodes': [
        'healthy move-pages',
        'healthy mbind',
        'writeback-held move-pages',
        'writeback-held mbind',
      ],
    });
    assert.equal(boots[1]?.shape.numaNodes, 2);
  });

  test('not those of a trigger that harms the kernel, unless it is known to harm no other of its boot', () => {
    const own = ['poison', 'offline', 'compact'];
    const boots = bootsFor([
      cell('a', own, 'compact'),
      cell('a', own, 'poison', true),
      cell('a', own, 'offline', true),
      cell('b', own, 'compact'),
      cell('b', own, 'poison', true),
      cell('b', own, 'offline', true),
    ]);
    assert.deepEqual(told(boots), {
      plain: ['a compact', 'b compact'],
      'poison-a': ['a poison'],
      'two-nodes': ['a offline', 'b offline'],
      'poison-b': ['b poison'],
    });
    assert.equal(boots[2]?.shape.hotplugDimmMiB, 1024);
  });

  test('those that take memory out, as each has its DIMM plugged in before', () => {
    const words = { scenarios: ['healthy', 'writeback-held'], triggers: ['dimm-unplug', 'offline'] };
    const boots = bootsFor(cellsOf(words));
    assert.deepEqual(told(boots), {
      'two-nodes': [
        'healthy offline',
        'healthy dimm-unplug',
        'writeback-held offline',
        'writeback-held dimm-unplug',
      ],
    });
    assert.equal(boots[0]?.shape.hotplugDimmMiB, 1024);
  });

  test('not those whose words would mean a cell that was not asked for', () => {
    const boots = bootsFor([
      cell('a', ['compact', 'compact-node'], 'compact'),
      cell('b', ['compact-node'], 'compact-node'),
      cell('c', ['compact'], 'compact'),
    ]);
    assert.deepEqual(told(boots), { plain: ['a compact', 'c compact'], 'plain-2': ['b compact-node'] });
  });

  test('of everything there is: every cell once, by words that mean these cells', () => {
    const all = cellsOf({ all: true });
    const boots = bootsFor(all);
    assert.equal(boots.flatMap(({ cells }) => cells).length, all.length);
    assert.equal(new Set(boots.map(({ name }) => name)).size, boots.length);
    for (const { cells, name } of boots) {
      const words = wordsForCells(cells, { ...played, all: true });
      const after = (option: string) =>
        words.flatMap((word, index) => (word === option ? [words[index + 1] ?? ''] : []));
      const meant = cellsOf({
        all: words.includes('--all'),
        scenarios: after('--scenario'),
        triggers: after('--trigger'),
      });
      const idsOf = (of: typeof meant) =>
        of.map(({ scenario, trigger, transport, arms }) => [scenario.id, trigger.id, transport, arms.length]);
      assert.deepEqual(idsOf(meant), idsOf(cells), name);
    }
  });
});

test('shapes are of triggers that there are, and machines that QEMU is given', () => {
  for (const [id, { shape }] of Object.entries(shapeOfTrigger)) {
    assert.ok(
      triggers.some((trigger) => trigger.id === id),
      id,
    );
    const plan = { shape, accel: 'tcg', kernelImage: 'k', initrd: 'i' } as const;
    assert.ok(qemuWords({ ...plan, image: undefined }).includes('-m'));
  }
});

test('what was asked for goes to the guest as it is', () => {
  const cells = cellsOf({ scenarios: ['writeback-held'] });
  assert.deepEqual(
    wordsForCells(cells, { ...played, transports: ['dev-fuse'], mitigations: ['abort', 'release'] }).join(
      ' ',
    ),
    '--scenario writeback-held --trigger compact --transport dev-fuse --mitigation abort --mitigation release ' +
      '--repeat 1 --stuck 2097152 --hold 2000ms --seed 1',
  );
});
