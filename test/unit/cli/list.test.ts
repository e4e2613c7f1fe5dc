import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectations } from '../../../src/report/expectations.js';
import { runCli } from './run-cli.js';

test('list --expectations has every expectation, by JSON', async () => {
  const { status, stdout } = await runCli(['list', '--expectations', '--json']);
  const listed = JSON.parse(stdout);
  assert.equal(status, 0);
  assert.equal(listed.expectations.length, expectations.length);
  assert.deepEqual(
    listed.expectations.find(
      ({ scenario, trigger, arm, mitigation, feature }: (typeof listed.expectations)[number]) =>
        scenario === 'writeback-held' &&
        trigger === 'compact' &&
        arm === 'fault' &&
        mitigation === 'none' &&
        feature.present,
    ),
    {
      scenario: 'writeback-held',
      trigger: 'compact',
      arm: 'fault',
      mitigation: 'none',
      variant: null,
      feature: { name: 'writebackInPlace', present: true },
      outcome: 'stalled',
      frees: null,
      decidedBy: 'migrate_folio_unmap(): folio_wait_writeback() in MIGRATE_SYNC (mm/migrate.c)',
    },
  );
  assert.match(listed.features.writebackInPlace, /kpageflags/);
});

test('and as a table for people, a row each', async () => {
  const { status, stdout } = await runCli(['list', '--expectations']);
  const [head = '', ...rows] = stdout.split('\n\n')[0]?.trimEnd().split('\n') ?? [];
  assert.equal(status, 0);
  assert.match(head, /^SCENARIO +TRIGGER +ARM +WHERE THE KERNEL +OUTCOME +DECIDED BY$/i);
  assert.equal(rows.filter((row) => /^\w/.test(row)).length, expectations.length);
  assert.match(
    stdout,
    /writeback-held +compact +fault +has writebackInPlace +stalled +migrate_folio_unmap\(\)/,
  );
  assert.match(stdout, /lacks writebackInPlace +migrated +fuse_writepages_fill\(\)/);
  assert.match(stdout, /nr_writeback_temp/);
});
