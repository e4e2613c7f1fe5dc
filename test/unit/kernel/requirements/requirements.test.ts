/** Requirements: what each finding says, and that a check which fails is a finding too. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MountEntry } from '../../../../src/kernel/mountinfo.js';
import { requirements } from '../../../../src/kernel/requirements/all.js';
import { hasFilesystem } from '../../../../src/kernel/requirements/fuse.js';
import { checkMemory } from '../../../../src/kernel/requirements/memory.js';
import { checkNode, checkPrivilege } from '../../../../src/kernel/requirements/process.js';
import { checkLibfuse, findProgram } from '../../../../src/kernel/requirements/programs.js';
import { checkRequirements, isMissing, lookAt, ok } from '../../../../src/kernel/requirements/requirement.js';

test('each requirement has a name of its own', () => {
  const names = requirements.map(({ requirement }) => requirement);
  assert.equal(new Set(names).size, names.length);
  for (const event of [
    'mm_compaction_isolate_migratepages',
    'mm_migrate_pages_start',
    'folio_wait_writeback',
  ]) {
    assert.ok(
      names.some((name) => name.endsWith(`:${event}`)),
      event,
    );
  }
});

test('a check that throws is a missing requirement, and the others are still checked', async () => {
  const rows = await checkRequirements([
    {
      requirement: 'broken',
      neededFor: ['mount'],
      check: () => {
        throw new Error('the reason');
      },
    },
    { requirement: 'fine', neededFor: ['compact'], check: async () => ok('there') },
    {
      requirement: 'nice',
      neededFor: ['tests'],
      optional: true,
      check: () => ({ state: 'missing', found: '-', remedy: 'r' }),
    },
  ]);
  assert.deepEqual(
    rows.map(({ requirement, state, found }) => [requirement, state, found]),
    [
      ['broken', 'missing', 'the reason'],
      ['fine', 'ok', 'there'],
      ['nice', 'missing', '-'],
    ],
  );
  assert.deepEqual(rows.map(isMissing), [true, false, false]);
});

test('an errno becomes a finding: refused leads to root, anything else to its own remedy', () => {
  const fail = (code: string, errno: number) => () => {
    throw Object.assign(new Error(code), { code, errno: -errno, syscall: 'open' });
  };
  assert.deepEqual(lookAt('mend it', fail('ENOENT', 2)), {
    state: 'missing',
    found: 'ENOENT',
    remedy: 'mend it',
  });
  assert.match(JSON.stringify(lookAt('mend it', fail('EACCES', 13))), /"found":"EACCES".*as root/);
});

test('Node from 20.19 on', () => {
  const states = ['18.20.0', '20.18.9', '20.19.0', '20.20.2', '22.0.0', '26.1.0'].map(
    (v) => checkNode(v).state,
  );
  assert.deepEqual(states, ['missing', 'missing', 'ok', 'ok', 'ok', 'ok']);
});

test('privilege is CAP_SYS_ADMIN, not the uid', () => {
  assert.equal(checkPrivilege(0, 0x1ffffffffffn).state, 'ok');
  assert.equal(checkPrivilege(1000, 1n << 21n).state, 'ok');
  assert.match(JSON.stringify(checkPrivilege(0, 0xa80425fbn)), /missing.*--privileged/);
  assert.match(JSON.stringify(checkPrivilege(65534, 0n)), /missing.*65534.*sudo/);
});

test('memory: enough, little, too little', () => {
  assert.deepEqual(
    [2 ** 21, 2 ** 20, 2 ** 20 - 1, 2 ** 18, 2 ** 18 - 1, 0].map((kb) => checkMemory(kb).state),
    ['ok', 'ok', 'limited', 'limited', 'missing', 'missing'],
  );
});

test('a filesystem type is a whole word of /proc/filesystems', () => {
  const text = 'nodev\tsysfs\nnodev\tfusectl\n\text4\n';
  assert.equal(hasFilesystem(text, 'fusectl'), true);
  assert.equal(hasFilesystem(text, 'ext4'), true);
  assert.equal(hasFilesystem(text, 'fuse'), false);
});

test('a program is looked for in PATH, but never on a FUSE mount and never in a relative directory', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-path-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'tool');
  writeFileSync(file, '#!/bin/sh\n');
  assert.equal(findProgram('tool', `/nonexistent:${directory}`, []), undefined);
  chmodSync(file, 0o755);
  assert.equal(findProgram('tool', `/nonexistent:${directory}`, []), file);
  assert.equal(findProgram('tool', '.:', []), undefined);
  const served: MountEntry = {
    mountId: 1,
    parentId: 0,
    major: 0,
    minor: 1,
    root: '/',
    mountPoint: directory,
    options: [],
    optionalFields: [],
    fsType: 'fuse.stuckfs',
    source: 'x',
    superOptions: [],
  };
  assert.equal(
    findProgram('tool', directory, [
      { ...served, mountPoint: '/', fsType: 'ext4', mountId: 9 },
      { ...served, parentId: 9 },
    ]),
    undefined,
  );
});

test('libfuse is missing on a platform that fuse-native has no binary for, and says what to do', () => {
  const finding = checkLibfuse('linux-riscv64');
  assert.equal(finding.state, 'missing');
  assert.match(
    finding.state === 'missing' ? finding.remedy : '',
    /--transport dev-fuse|npm install fuse-native/,
  );
});
