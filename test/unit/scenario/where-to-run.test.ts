import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { whereToRun } from '../../../src/scenario/where-to-run.js';

const bare = () => ({ guest: false, container: false, evidence: [] });
const guest = () => ({ guest: true, container: false, evidence: ['the hypervisor flag'] });

test('auto is this kernel where that is disposable, else a VM, and says why', () => {
  assert.deepEqual(whereToRun('auto', undefined, guest), {
    on: 'host',
    because: 'it is disposable: the hypervisor flag',
  });
  const other = whereToRun('auto', undefined, bare);
  assert.equal(other.on, 'vm');
  assert.match(other.because, /not disposable.*--on host/);
  assert.equal(whereToRun('auto', 'debian:6.1', guest).on, 'vm');
});

test('what is asked for is taken, on any machine; a kernel is booted, or not named', () => {
  for (const on of ['host', 'vm'] as const) assert.equal(whereToRun(on, undefined, bare).on, on);
  assert.equal(whereToRun('vm', 'debian:6.1', guest).on, 'vm');
  assert.throws(() => whereToRun('host', 'debian:6.1', guest), UsageError);
  assert.throws(() => whereToRun('mars', undefined, guest), /host, vm or auto/);
});
