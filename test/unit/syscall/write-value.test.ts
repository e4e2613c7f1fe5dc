import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { probeWritable, writeValue } from '../../../src/syscall/write-value.js';
import { temporaryDirectory } from '../safety/fixtures.js';

test('a value is written, a probe writes nothing, and either makes no file', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'value');
  assert.equal(probeWritable(path), -Errno.ENOENT);
  assert.equal(writeValue(path, '1'), -Errno.ENOENT);
  writeFileSync(path, '0\n');
  assert.equal(probeWritable(path), 0);
  assert.equal(readFileSync(path, 'utf8'), '0\n');
  assert.equal(writeValue(path, '1'), 0);
  assert.equal(readFileSync(path, 'utf8'), '1\n');
  assert.equal(writeValue(directory, '1'), -Errno.EISDIR);
});

test('a file that refuses what is written says so', () => {
  assert.equal(writeValue('/dev/full', '1'), -Errno.ENOSPC);
});
