/** `stuckfs rescue` of what a crash leaves behind on the running kernel, without a mount of FUSE. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { runCli } from '../../support/cli.js';
import { differences, machineState } from '../../support/machine-state.js';
import { requires, root } from '../../support/requirement.js';

test(
  'a rescue removes a trace instance that is there though tracefs is mounted no more',
  requires(root),
  async () => {
    assert.equal((await runCli(['rescue'])).status, 0);
    const before = machineState();
    const name = `stuckfs-${process.pid}-left`;
    // Made in a mount namespace that is gone a moment later: as where a crash came between the two.
    const make = `mount -t tracefs tracefs /sys/kernel/tracing && mkdir /sys/kernel/tracing/instances/${name}`;
    const made = spawnSync('unshare', ['--mount', 'sh', '-c', make], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    assert.deepEqual(differences(before, machineState()), [`trace instance left: ${name}`]);
    const { status, stdout, stderr } = await runCli(['rescue']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(`trace instance .*${name}`));
    assert.deepEqual(differences(before, machineState()), []);
  },
);
