/** The record of an image that is mounted in the state directory. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ledger, LedgerError } from '../../../src/safety/ledger.js';
import { parseLedger } from '../../../src/safety/ledger-records.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { fakeMachine, temporaryDirectory } from './fixtures.js';

test('a mount point that is not directly in the state directory is refused, and one in it is written down', (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const ledger = Ledger.open(directory, fakeMachine(t, {}));
  for (const path of ['/mnt', join(directory.path, 'a/b'), directory.path])
    assert.throws(
      () => ledger.imageMount(path),
      (error) => error instanceof LedgerError && error.code === 'LEDGER_REFUSED',
    );
  const path = join(directory.path, 'mnt-0');
  ledger.imageMount(path);
  const { records } = parseLedger(readFileSync(directory.file('ledger.jsonl'), 'utf8'));
  assert.deepEqual(records, [{ kind: 'image-mount', path }]);
  assert.deepEqual(ledger.restore(), [{ kind: 'image-mount', what: path, ok: true, detail: 'not mounted' }]);
});

test('a record of another place is not obeyed', (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const ledger = Ledger.open(directory, fakeMachine(t, {}));
  ledger.imageMount(join(directory.path, 'mnt-0'));
  const file = directory.file('ledger.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(directory.path, '/elsewhere'));
  const [action] = ledger.restore();
  assert.deepEqual(action, {
    kind: 'image-mount',
    what: '/elsewhere/mnt-0',
    ok: false,
    detail: 'is not in the state directory',
  });
});
