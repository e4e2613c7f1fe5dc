/** `stuckfs rescue` of what a crash leaves behind on the running kernel, where no workload hangs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cleanUp } from '../../../src/safety/cleanup.js';
import { listStateDirectories } from '../../../src/safety/state-directory.js';
import { runCli } from '../../support/cli.js';
import { differences, machineState, withTracefs } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';

test(
  'a rescue removes a trace instance that is there though tracefs is mounted no more',
  requires(root),
  async () => {
    assert.equal((await runCli(['rescue'])).status, 0);
    const before = machineState();
    const name = `stuckfs-${process.pid}-left`;
    // Made in a mount namespace that is gone a moment later: as where a crash came between the two.
    const make = `${withTracefs} && mkdir /sys/kernel/tracing/instances/${name}`;
    const made = spawnSync('unshare', ['--mount', 'sh', '-c', make], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    assert.deepEqual(differences(before, machineState()), [`trace instance left: ${name}`]);
    const { status, stdout, stderr } = await runCli(['rescue']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(`trace instance .*${name}`));
    assert.deepEqual(differences(before, machineState()), []);
  },
);

// Between mount(2) and the record of its device: a daemon was killed there in a sweep of random kills.
test(
  'a daemon that was killed as it had just mounted leaves no mount behind',
  requires(root, devFuse),
  async () => {
    assert.equal((await runCli(['rescue'])).status, 0);
    const before = machineState();
    const parent = mkdtempSync(join(tmpdir(), 'stuckfs-rescue-'));
    const mountPoint = join(parent, 'mnt');
    mkdirSync(mountPoint);
    const built = (file: string) => JSON.stringify(new URL(`../../../src/${file}.js`, import.meta.url).href);
    const script = `
    const { StateDirectory } = await import(${built('safety/state-directory')});
    const { mountFuse } = await import(${built('transport/fuse-mount')});
    const { parseMountOptions } = await import(${built('transport/mount-options')});
    StateDirectory.create('mount', 'daemon', { mountPoint: ${JSON.stringify(mountPoint)} });
    mountFuse(${JSON.stringify(mountPoint)}, parseMountOptions([]));
    process.kill(process.pid, 'SIGKILL');`;
    try {
      const killed = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      assert.equal(killed.signal, 'SIGKILL', killed.stderr);
      assert.ok(differences(before, machineState()).includes(`mount left: ${mountPoint} fuse.stuckfs`));
      // As the runner does it after a server that did not start: from the state directory alone.
      const found = listStateDirectories().readable.find(({ state }) => state.mountPoint === mountPoint);
      assert.ok(found);
      const steps = await cleanUp(found.directory);
      assert.deepEqual(
        steps.filter(({ ok }) => !ok),
        [],
      );
      assert.deepEqual(differences(before, machineState()), []);
    } finally {
      await runCli(['rescue']);
      rmSync(parent, { recursive: true, force: true });
    }
  },
);
