import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_VARIABLE } from '../../../src/base/patience.js';
import { writebackDelayed } from '../../../src/scenario/catalog/writeback-delayed.js';
import { lackingForArm, lackingForTrigger } from '../../../src/scenario/lacking.js';
import type { Trigger } from '../../../src/trigger/trigger.js';

const bare = { guest: false, container: false, evidence: [] };

function trigger(harmsHost: boolean, missing?: string): Trigger {
  return {
    id: 'push',
    description: '',
    migrateModes: ['MIGRATE_SYNC'],
    migrateReason: 'compaction',
    kernelFunction: '',
    harmsHost,
    missing: () => missing,
    pull: () => ({ result: 0 }),
  };
}

test('a trigger that harms the host is pulled only where the user says that it may be', () => {
  assert.match(
    lackingForTrigger(trigger(true), false, bare) ?? '',
    /^trigger push can take memory .* --i-know-this-host-is-disposable$/,
  );
  assert.equal(lackingForTrigger(trigger(true), true, bare), undefined);
  assert.equal(lackingForTrigger(trigger(false), false, bare), undefined);
});

test('in a container of a machine that is no VM guest one that takes the memory of the others is pulled only where the user says so', () => {
  const hoarding: Trigger = { ...trigger(false), allocatesHugePages: true };
  const contained = { guest: false, container: true, evidence: ['a flag', '/.dockerenv is there'] };
  assert.match(
    lackingForTrigger(hoarding, false, contained) ?? '',
    /^trigger push takes nearly all free memory .*\(\/\.dockerenv is there\).* --i-know-this-host-is-disposable$/,
  );
  assert.equal(lackingForTrigger(hoarding, true, contained), undefined);
  assert.equal(lackingForTrigger(hoarding, false, bare), undefined);
  assert.equal(lackingForTrigger(hoarding, false, { ...contained, guest: true }), undefined);
  assert.equal(lackingForTrigger(trigger(false), false, contained), undefined);
});

test('what the machine lacks for it comes first: no word of the user makes up for it', () => {
  for (const harmsHost of [true, false])
    for (const disposable of [true, false])
      assert.equal(
        lackingForTrigger(trigger(harmsHost, 'no nodes'), disposable, bare),
        'trigger push: no nodes',
      );
});

test('a delay that is over before anything is seen is not played', (t) => {
  const before = process.env[PATIENCE_VARIABLE];
  t.after(() => {
    if (before === undefined) delete process.env[PATIENCE_VARIABLE];
    else process.env[PATIENCE_VARIABLE] = before;
  });
  const skipped = () =>
    writebackDelayed.arms.flatMap((arm) => {
      const reason = lackingForArm(arm, '/');
      return reason === undefined ? [] : [[arm.variant, reason.split(':')[0]]];
    });
  delete process.env[PATIENCE_VARIABLE];
  assert.deepEqual(skipped(), []);
  process.env[PATIENCE_VARIABLE] = '10';
  const reason = (ms: number) =>
    `a delay of ${ms} ms is over before the stuck set is seen where ${PATIENCE_VARIABLE} is 10`;
  assert.deepEqual(
    skipped(),
    [250, 500, 1000].map((ms) => [`${ms}ms`, reason(ms)]),
  );
});
