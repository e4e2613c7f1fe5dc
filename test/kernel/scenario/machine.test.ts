/**
 * What an arm has changed on the machine is put back with it, also what only its trigger was about to change.
 * vm.stat_interval and vm.page-cluster harm nobody.  Needs root.
 */
import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Ledger } from '../../../src/safety/ledger.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { RunMachine } from '../../../src/scenario/machine.js';
import { MountPlace } from '../../support/mounted.js';
import { devFuse, requires, root as rootUser } from '../../support/requirement.js';

const interval = '/proc/sys/vm/stat_interval';
const cluster = '/proc/sys/vm/page-cluster';

test(
  'an arm that is broken off leaves neither its sysctls nor what its trigger wrote',
  requires(rootUser),
  (t) => {
    const values = () => [interval, cluster].map((path) => readFileSync(path, 'utf8').trim());
    const before = values();
    const root = mkdtempSync(join(tmpdir(), 'stuckfs-machine-'));
    const state = StateDirectory.create('run', 'runner', {}, root);
    t.after(() => {
      Ledger.open(state).restore();
      writeFileSync(interval, `${before[0]}\n`);
      rmSync(root, { recursive: true, force: true });
    });
    const [other = '', another = ''] = before.map((value) => `${Number(value) + 1}`);
    const machine = new RunMachine(state);
    machine.setSysctls([['vm.page-cluster', another]]);
    machine.expectChanges([{ path: interval, value: other }]);
    // As the trigger does it, which is killed before it can be asked for anything more.
    writeFileSync(interval, `${other}\n`);
    assert.deepEqual(values(), [other, another]);
    machine.endArm();
    assert.deepEqual(values(), before);
    writeFileSync(interval, `${other}\n`);
    machine.endArm();
    assert.equal(values()[0], other, "what was put back is nobody's any more");
  },
);

const needs = requires(rootUser, devFuse);
test('an arm with much to be stuck leaves the dirty limits to the next as they were', needs, async (t) => {
  const { device } = await new MountPlace(t).mount();
  const root = mkdtempSync(join(tmpdir(), 'stuckfs-machine-'));
  const state = StateDirectory.create('run', 'runner', {}, root);
  t.after(() => {
    Ledger.open(state).restore();
    rmSync(root, { recursive: true, force: true });
  });
  const files = [
    '/proc/sys/vm/dirty_ratio',
    '/proc/sys/vm/dirty_background_ratio',
    `/sys/class/bdi/${device}/max_ratio`,
  ];
  const values = () => files.map((path) => readFileSync(path, 'utf8').trim());
  const before = values();
  const machine = new RunMachine(state);
  machine.liftDirtyLimits(device, Number.POSITIVE_INFINITY);
  assert.deepEqual(values(), ['90', '80', '100']);
  machine.endArm();
  assert.deepEqual(values(), before);
});

test(
  'the trace instance of an arm goes with it, or with a later one while somebody has a file of it open',
  requires(rootUser),
  (t) => {
    const root = mkdtempSync(join(tmpdir(), 'stuckfs-machine-'));
    const state = StateDirectory.create('run', 'runner', {}, root);
    t.after(() => {
      Ledger.open(state).restore();
      rmSync(root, { recursive: true, force: true });
    });
    const machine = new RunMachine(state);
    const besides = { pageCacheOf: undefined, origins: false, nfs: false };
    const paths = [1, 2].map((arm) => {
      const { instance } = machine.startTrace(`${process.pid}-${arm}`, besides);
      return dirname(instance.tracePipePath);
    });
    const fd = openSync(join(paths[0] ?? '', 'trace_pipe'), 'r');
    try {
      assert.throws(() => machine.endArm(), /stuckfs-\d+-1: .*EBUSY/);
      assert.deepEqual(
        paths.map((path) => existsSync(path)),
        [true, false],
      );
    } finally {
      closeSync(fd);
    }
    machine.endArm();
    assert.deepEqual(
      paths.map((path) => existsSync(path)),
      [false, false],
    );
  },
);
