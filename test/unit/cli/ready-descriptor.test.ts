/** --ready-fd: one line of JSON in the caller's descriptor, which is closed then. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { checkReadyFd, tellReadyFd } from '../../../src/cli/ready-descriptor.js';
import { freshDirectory } from './run-cli.js';

test('a descriptor open for writing is taken, written to once, and closed', (context) => {
  const file = join(freshDirectory(context), 'ready');
  const fd = openSync(file, 'w');
  assert.equal(checkReadyFd(String(fd)), fd);
  tellReadyFd(fd, '{"ready":{}}');
  assert.equal(readFileSync(file, 'utf8'), '{"ready":{}}\n');
  assert.throws(() => checkReadyFd(String(fd)), UsageError);
});

test('one that is open for reading only is refused', () => {
  const fd = openSync('/dev/null', 'r');
  try {
    assert.throws(() => checkReadyFd(String(fd)), /not open for writing/);
  } finally {
    closeSync(fd);
  }
});
