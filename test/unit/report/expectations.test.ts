import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectationFor, expectations } from '../../../src/report/expectations.js';
import { featureProbes } from '../../../src/report/expected/expectation.js';
import { scenarios } from '../../../src/scenario/registry.js';
import { armName } from '../../../src/scenario/scenario.js';
import { triggers } from '../../../src/trigger/registry.js';

test('every arm that a scenario declares has an expectation under each of its triggers', () => {
  for (const scenario of scenarios)
    for (const trigger of scenario.triggers)
      for (const arm of scenario.arms.filter((one) => one.triggers?.includes(trigger) ?? true)) {
        const { kind, variant, mitigation = 'none' } = arm;
        const cell = { scenario: scenario.id, trigger, kind, variant, mitigation };
        for (const writebackInPlace of [true, false])
          assert.ok(
            expectationFor(cell, { writebackInPlace }),
            `${scenario.id} x ${trigger}, ${armName(arm)} arm`,
          );
      }
});

test('a range that is emptied waits for writeback in place; clean folios are moved, as the sets are locked', () => {
  const emptying = triggers.filter(({ reclaimsClean }) => reclaimsClean);
  assert.deepEqual(
    emptying.map(({ id }) => id),
    ['gigantic-alloc', 'cma-alloc'],
  );
  for (const { id: trigger } of emptying) {
    const cell = { scenario: 'writeback-held', trigger, kind: 'fault', mitigation: 'none' } as const;
    const found = expectationFor(cell, { writebackInPlace: true });
    assert.equal(found?.outcome, 'stalled');
    assert.match(found?.decidedBy ?? '', /__alloc_contig_migrate_range\(\).*folio_wait_writeback\(\)/);
    assert.equal(expectationFor(cell, { writebackInPlace: false })?.outcome, 'migrated');
    assert.equal(
      expectationFor({ ...cell, kind: 'control' }, { writebackInPlace: true })?.outcome,
      'migrated',
    );
  }
});

test('every expectation is of an arm that there is, and names a kernel function and a feature that is probed', () => {
  for (const { scenario: id, trigger, arm, mitigation, variant, feature, decidedBy } of expectations) {
    const name = `${id} x ${trigger}, ${arm}`;
    const scenario = scenarios.find((one) => one.id === id);
    assert.ok(
      scenario?.arms.some((one) => one.kind === arm && one.mitigation === mitigation),
      name,
    );
    assert.ok(variant === undefined || scenario?.arms.some((one) => one.variant === variant), name);
    assert.ok(
      triggers.some((one) => one.id === trigger),
      name,
    );
    assert.match(decidedBy, /\w+\(\).*\((mm|fs)\/[\w/-]+\.c/, name);
    assert.ok(feature === undefined || featureProbes[feature[0]].length > 0, name);
  }
});

test('where a copy is written back, mitigations have nothing to free', () => {
  for (const scenario of ['writeback-held', 'splice-pinned']) {
    const cell = { scenario, trigger: 'compact', kind: 'fault', mitigation: 'abort' } as const;
    const found = expectationFor(cell, { writebackInPlace: false });
    assert.equal(found?.outcome, 'migrated');
    assert.equal(found?.frees, undefined);
  }
});
