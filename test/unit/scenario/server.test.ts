import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { cleanUpMountOf } from '../../../src/scenario/server.js';

test('what a process left of its mount is cleaned up after, and not what a later one with its pid has', async (t) => {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'stuckfs-server-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const { path, pid, startTime } = StateDirectory.create('mount', 'daemon', {}, root);
  await cleanUpMountOf({ pid, startTime: startTime - 1 }, root);
  assert.ok(existsSync(path));
  await cleanUpMountOf({ pid, startTime }, root);
  assert.ok(!existsSync(path));
});
