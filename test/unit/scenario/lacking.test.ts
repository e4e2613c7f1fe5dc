import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lackingForTrigger } from '../../../src/scenario/lacking.js';
import type { Trigger } from '../../../src/trigger/trigger.js';

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
    lackingForTrigger(trigger(true), false) ?? '',
    /^trigger push can take memory .* --i-know-this-host-is-disposable$/,
  );
  assert.equal(lackingForTrigger(trigger(true), true), undefined);
  assert.equal(lackingForTrigger(trigger(false), false), undefined);
});

test('what the machine lacks for it comes first: no word of the user makes up for it', () => {
  for (const harmsHost of [true, false])
    for (const disposable of [true, false])
      assert.equal(lackingForTrigger(trigger(harmsHost, 'no nodes'), disposable), 'trigger push: no nodes');
});
