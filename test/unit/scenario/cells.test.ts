import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { leastHarmFirst } from '../../../src/base/least-harm-first.js';
import { type Catalogue, type CellWords, wantedCells } from '../../../src/scenario/cells.js';
import { type ArmDesign, armName, type Scenario } from '../../../src/scenario/scenario.js';
import type { Trigger } from '../../../src/trigger/trigger.js';

const arm = (kind: 'control' | 'fault', mitigation?: 'abort' | 'release'): ArmDesign => ({
  kind,
  ...(mitigation === undefined ? {} : { mitigation }),
  workload: 'write',
  misbehaviour: { kind: 'none' },
  stuckBy: null,
  waitsIn: null,
});

const scenario = (id: string, changes: Partial<Scenario> = {}): Scenario => ({
  id,
  description: '',
  stuck: '',
  triggers: ['compact'],
  transports: ['dev-fuse'],
  needs: '',
  arms: [arm('control'), arm('fault')],
  ...changes,
});

const trigger = (id: string): Trigger => ({
  id,
  description: '',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'compaction',
  kernelFunction: '',
  harmsHost: false,
  missing: () => undefined,
  pull: () => ({ result: 0 }),
});

const catalogue: Catalogue = {
  scenarios: [
    scenario('plain'),
    scenario('rich', {
      triggers: ['compact', 'offline'],
      transports: ['dev-fuse', 'libfuse'],
      arms: [arm('control'), arm('fault'), arm('fault', 'abort'), arm('fault', 'release')],
    }),
    scenario('asked-only', { triggers: ['offline'] }),
  ],
  triggers: [trigger('compact'), trigger('offline'), trigger('unused')],
};

function wanted(words: Partial<CellWords>, from: Catalogue = catalogue) {
  const none = { scenarios: [], all: false, triggers: [], transports: [], mitigations: [] };
  const { cells, absent } = wantedCells({ ...none, ...words }, from);
  const texts = cells.map(
    (cell) =>
      `${cell.scenario.id} x ${cell.trigger.id} on ${cell.transport}: ${cell.arms.map(armName).join(', ')}`,
  );
  return { texts, absent };
}

function refuses(words: Partial<CellWords>, field: string, value: string, from: Catalogue = catalogue): void {
  assert.throws(
    () => wanted(words, from),
    (error) => error instanceof UsageError && error.field === field && error.value === value,
  );
}

describe('the cells of a run', () => {
  test('of a named scenario: compact, where it has it, all its transports, the arms without mitigation', () => {
    assert.deepEqual(wanted({ scenarios: ['rich', 'asked-only', 'rich'] }).texts, [
      'rich x compact on dev-fuse: control, fault',
      'rich x compact on libfuse: control, fault',
      'asked-only x offline on dev-fuse: control, fault',
    ]);
  });

  test('of all: every trigger that a scenario has, and every mitigation', () => {
    assert.deepEqual(wanted({ all: true, transports: ['dev-fuse'] }).texts, [
      'plain x compact on dev-fuse: control, fault',
      'rich x compact on dev-fuse: control, fault, fault+abort, fault+release',
      'rich x offline on dev-fuse: control, fault, fault+abort, fault+release',
      'asked-only x offline on dev-fuse: control, fault',
    ]);
  });

  test('a mitigation brings its arms beside those without, and leaves out who has none of it', () => {
    const { texts, absent } = wanted({
      all: true,
      mitigations: ['abort'],
      triggers: ['compact'],
      transports: ['dev-fuse'],
    });
    assert.deepEqual(texts, ['rich x compact on dev-fuse: control, fault, fault+abort']);
    assert.deepEqual(absent, [
      'plain has no arm with the mitigation abort',
      'asked-only has no arm with the mitigation abort',
    ]);
  });

  test('none leaves only the arms without', () => {
    assert.deepEqual(wanted({ all: true, mitigations: ['none'], triggers: ['offline'] }).texts, [
      'rich x offline on dev-fuse: control, fault',
      'rich x offline on libfuse: control, fault',
      'asked-only x offline on dev-fuse: control, fault',
    ]);
  });

  test('what only some scenarios have is run where it exists, and the rest is told', () => {
    const { texts, absent } = wanted({ scenarios: ['plain', 'asked-only'], triggers: ['offline'] });
    assert.deepEqual(texts, ['asked-only x offline on dev-fuse: control, fault']);
    assert.deepEqual(absent, ['plain does not say anything under offline']);
  });

  test('an arm that one trigger has leaves the cells of the others as they are', () => {
    const arms = [arm('control'), arm('fault'), { ...arm('fault', 'abort'), triggers: ['compact'] }];
    const only = {
      ...catalogue,
      scenarios: [scenario('plain', { triggers: ['compact', 'offline'], arms })],
    };
    assert.deepEqual(wanted({ all: true }, only), {
      texts: [
        'plain x compact on dev-fuse: control, fault, fault+abort',
        'plain x offline on dev-fuse: control, fault',
      ],
      absent: [],
    });
    const asked = { scenarios: ['plain'], mitigations: ['abort'] };
    assert.deepEqual(wanted({ ...asked, triggers: ['compact', 'offline'] }, only), {
      texts: ['plain x compact on dev-fuse: control, fault, fault+abort'],
      absent: ['plain has no fault+abort arm under offline'],
    });
    refuses({ ...asked, triggers: ['offline'] }, '--mitigation', 'abort', only);
  });

  test('--all may be narrowed to scenarios by name', () => {
    assert.equal(wanted({ all: true, scenarios: ['plain'] }).texts.length, 1);
  });

  test('refuses what is not known, and what leaves nothing to run', () => {
    refuses({}, 'scenario', '');
    refuses({ scenarios: ['rich', 'poor'] }, 'scenario', 'poor');
    refuses({ scenarios: ['rich'], triggers: ['push'] }, '--trigger', 'push');
    refuses({ scenarios: ['rich'], transports: ['smoke'] }, '--transport', 'smoke');
    refuses({ scenarios: ['rich'], mitigations: ['hope'] }, '--mitigation', 'hope');
    refuses({ scenarios: ['plain'], triggers: ['offline'] }, '--trigger', 'offline');
    refuses({ all: true, triggers: ['unused'] }, '--trigger', 'unused');
    refuses({ scenarios: ['plain'], mitigations: ['abort'] }, '--mitigation', 'abort');
    refuses({ all: true, mitigations: ['bdi-limit'] }, '--mitigation', 'bdi-limit');
    refuses({ all: true, mitigations: ['none', 'abort'] }, '--mitigation', 'none abort');
    refuses({ scenarios: ['plain'], triggers: ['compact'], mitigations: ['abort'] }, '--mitigation', 'abort');
  });

  test('what harms the machine comes last, and otherwise nothing changes places', () => {
    const cell = (name: string, harmsHost: boolean) => ({ name, trigger: { harmsHost } });
    const cells = [cell('a', true), cell('b', false), cell('c', true), cell('d', false)];
    assert.deepEqual(
      leastHarmFirst(cells).map(({ name }) => name),
      ['b', 'd', 'a', 'c'],
    );
    const harmful = { ...trigger('offline'), harmsHost: true };
    const own = [
      scenario('one', { triggers: ['offline', 'compact'] }),
      scenario('two', { triggers: ['compact'] }),
    ];
    const { cells: wanted } = wantedCells(
      { scenarios: ['one', 'two'], all: true, triggers: [], transports: [], mitigations: [] },
      { scenarios: own, triggers: [harmful, trigger('compact')] },
    );
    assert.deepEqual(
      wanted.map((one) => `${one.scenario.id} ${one.trigger.id}`),
      ['one compact', 'two compact', 'one offline'],
    );
  });
});
