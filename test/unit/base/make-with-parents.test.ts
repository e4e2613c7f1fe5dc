import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeWithParents } from '../../../src/base/make-with-parents.js';

test('a directory is made with those above it; what cannot be made is told, in /proc too', (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-make-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  const [a, b] = [join(scratch, 'a'), join(scratch, 'a/b')];
  assert.deepEqual(makeWithParents(b), [a, b]);
  assert.deepEqual(readdirSync(a), ['b']);
  assert.throws(() => makeWithParents(b), { code: 'EEXIST' });
  writeFileSync(join(scratch, 'file'), '');
  assert.throws(() => makeWithParents(join(scratch, 'file/b')), { code: 'ENOTDIR' });
  assert.throws(
    () => makeWithParents('/proc/sys/x/y'),
    (error: NodeJS.ErrnoException) => error.code !== undefined,
  );
});
