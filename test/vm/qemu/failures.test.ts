/** Each way in which a virtual machine fails, made to happen; and no QEMU is left by any of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bootGuest } from '../../../src/vm/boot.js';
import { VmError, type VmErrorCode } from '../../../src/vm/vm-error.js';
import { eventually } from '../../support/eventually.js';
import { requires } from '../../support/requirement.js';
import { bootable, isRunning, qemusOf, type TestVm, testVm } from '../../support/test-vm.js';

describe('a guest that fails', requires(...bootable), () => {
  let vm: TestVm;
  beforeEach(() => {
    vm = testVm();
  });
  afterEach(async () => {
    const [left, qemus] = [readdirSync(vm.directory), qemusOf(process.pid)];
    await vm.remove();
    // Nothing of a result that was not whole, and nobody that works on it.
    assert.deepEqual(left, ['initrd']);
    assert.deepEqual(qemus, []);
  });

  async function failure(promise: Promise<unknown>, code: VmErrorCode): Promise<VmError> {
    try {
      await promise;
    } catch (error) {
      assert.ok(error instanceof VmError, String(error));
      assert.equal(error.code, code, error.message);
      return error;
    }
    throw new assert.AssertionError({ message: `it did not fail with ${code}` });
  }

  test('by a panic: VM_PANIC, with the panic in the tail of its console', async () => {
    const { message, tail } = await failure(bootGuest(vm.plan('panics')), 'VM_PANIC');
    assert.match(message, /sysrq triggered crash/);
    assert.ok(tail.some((line) => line.includes('Kernel panic - not syncing')));
  });

  test('by an oops that it survives: VM_OOPS', async () => {
    // By /dev/kmsg: on the console such a line looks like the kernel's own.
    const { message } = await failure(bootGuest(vm.plan('oopses')), 'VM_OOPS');
    assert.match(message, /BUG: kernel NULL pointer dereference/);
  });

  test('by silence, no heartbeat either: VM_HUNG', async () => {
    const { message } = await failure(
      bootGuest(vm.plan('hangs', { limits: { silenceMs: 3000 } })),
      'VM_HUNG',
    );
    assert.match(message, /said nothing for 3 s/);
  });

  test("by its job's deadline in the guest's time, though it beats: VM_HUNG", async () => {
    const limits = { silenceMs: 600_000, capMs: 600_000 };
    const { message } = await failure(
      bootGuest(vm.plan('beats', { deadlineGuestMs: 2000, limits })),
      'VM_HUNG',
    );
    assert.match(message, /within 2 s of the guest's time/);
  });

  test('by an agent that does not speak: VM_BOOT', async () => {
    await failure(bootGuest(vm.plan('silent', { limits: { bootMs: 2000 } })), 'VM_BOOT');
  });

  test('by a result that is cut short: VM_NO_RESULT', async () => {
    const { message } = await failure(bootGuest(vm.plan('breaks-off')), 'VM_NO_RESULT');
    assert.match(message, /result/);
  });

  test('by a result that points out of its directory: VM_NO_RESULT, and nothing is written', async () => {
    const { message } = await failure(bootGuest(vm.plan('escapes')), 'VM_NO_RESULT');
    assert.match(message, /sub\/link": neither a regular file nor a directory/);
  });

  test('by a kernel that QEMU cannot read: VM_QEMU, with what QEMU said', async () => {
    const kernel = { release: '6.18.0', image: join(vm.directory, 'no-kernel') };
    const { message } = await failure(bootGuest(vm.plan('ends', { kernel })), 'VM_QEMU');
    assert.match(message, /could not open kernel file/);
  });

  test('by the death of QEMU: VM_QEMU, with the signal', async () => {
    const booted = bootGuest(vm.plan('beats'));
    booted.catch(() => undefined);
    const [qemu] = await eventually('QEMU runs', 60_000, () => {
      const pids = qemusOf(process.pid);
      return pids.length === 1 && pids;
    });
    assert.ok(qemu !== undefined);
    process.kill(qemu, 'SIGKILL');
    await failure(booted, 'VM_QEMU');
  });

  test('by a signal to stop: its reason', async () => {
    const booted = bootGuest(vm.plan('beats'));
    booted.catch(() => undefined);
    await eventually('the job runs', 120_000, () => vm.news.some(({ line }) => line === 'job: beats'));
    vm.controller.abort(new Error('Ctrl-C'));
    await assert.rejects(booted, /Ctrl-C/);
  });

  test('no longer than its runner, whom SIGKILL ends', async () => {
    vm.plan('');
    const main = fileURLToPath(new URL('../../support/vm-runner-main.js', import.meta.url));
    const runner = spawn(process.execPath, [main, 'beats'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    createInterface({ input: runner.stdout }).on('line', (line) => lines.push(line));
    try {
      await eventually('the job runs', 120_000, () => lines.includes('job: beats'));
      const qemus = qemusOf(runner.pid ?? -1);
      assert.equal(qemus.length, 1);
      runner.kill('SIGKILL');
      await eventually('QEMU is gone', 10_000, () => !qemus.some(isRunning));
    } finally {
      runner.kill('SIGKILL');
      if (lines[0] !== undefined) rmSync(lines[0], { recursive: true, force: true });
    }
  });
});
