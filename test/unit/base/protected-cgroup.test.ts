import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  isProtectedFromReclaim,
  joinProtectedCgroup,
  PROTECTED_CGROUP_VARIABLE,
} from '../../../src/base/protected-cgroup.js';

test('the process joins the cgroup that is named', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-cgroup-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const environment = { [PROTECTED_CGROUP_VARIABLE]: directory };
  assert.equal(isProtectedFromReclaim(environment), true);
  joinProtectedCgroup(environment);
  assert.equal(readFileSync(join(directory, 'cgroup.procs'), 'utf8'), `${process.pid}`);
});

test('where none is named, or it is not there, nothing happens', () => {
  assert.equal(isProtectedFromReclaim({}), false);
  joinProtectedCgroup({});
  joinProtectedCgroup({ [PROTECTED_CGROUP_VARIABLE]: '/nonexistent' });
});

test('another error is told', () => {
  assert.throws(() => joinProtectedCgroup({ [PROTECTED_CGROUP_VARIABLE]: '/proc/self/status' }), {
    code: 'ENOTDIR',
  });
});
