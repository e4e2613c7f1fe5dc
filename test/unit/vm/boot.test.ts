/** How a guest ends, and how that is told, with a program that plays QEMU. test/vm does the same with kernels. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bootGuest } from '../../../src/vm/boot.js';
import type { BootNews, BootPlan } from '../../../src/vm/boot-plan.js';
import { VmError, type VmErrorCode } from '../../../src/vm/vm-error.js';

describe('a guest', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-boot-'));
  const { PATH } = process.env;
  let news: BootNews[] = [];
  let out: string;
  let count = 0;

  before(() => {
    const main = fileURLToPath(new URL('../../support/fake-qemu-main.js', import.meta.url));
    const program = join(scratch, 'qemu-system-x86_64');
    const version = '[ "$1" != --version ] || { echo "QEMU emulator version 7.2.0"; exit; }';
    writeFileSync(program, `#!/bin/sh\n${version}\nexec '${process.execPath}' '${main}'\n`);
    chmodSync(program, 0o755);
    process.env['PATH'] = `${scratch}${delimiter}${PATH}`;
  });
  after(() => {
    process.env['PATH'] = PATH;
    rmSync(scratch, { recursive: true });
  });
  beforeEach(() => {
    news = [];
    out = join(scratch, `${++count}`, 'run');
    mkdirSync(join(out, '..'));
  });

  const boot = (job: string, more?: Partial<BootPlan>) =>
    bootGuest({
      kernel: { release: '6.18.0', image: '/k' },
      guest: { initrd: '/i', image: undefined },
      shape: { memoryMiB: 512, cpus: 1, numaNodes: 1 },
      accel: 'tcg',
      words: [job],
      out,
      deadlineGuestMs: 100_000,
      signal: new AbortController().signal,
      progress: (told) => news.push(told),
      ...more,
    });

  async function failure(promise: Promise<unknown>, code: VmErrorCode): Promise<VmError> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof VmError, String(error));
    assert.equal(error.code, code, error.message);
    assert.deepEqual(readdirSync(join(out, '..')), [], 'nothing of its result is kept');
    return error;
  }

  test('ends with its status, its time and its result; what its kernel warned of is told', async () => {
    assert.deepEqual(await boot('ends'), { kind: 'ended', exitStatus: 3, guestMs: 3000 });
    assert.equal(readFileSync(join(out, 'sub/file'), 'utf8'), 'content');
    assert.deepEqual(readdirSync(join(out, '..')), ['run']);
    assert.deepEqual(
      news.find(({ kind }) => kind === 'line'),
      {
        kind: 'line',
        stream: 'stderr',
        line: 'a word',
        guestNs: 2e9,
      },
    );
    assert.match(news.find(({ kind }) => kind === 'kernel')?.line ?? '', /soft lockup/);
  });

  test('whose result comes after its exit line has ended well, too', async () => {
    assert.equal((await boot('result-comes-last')).exitStatus, 0);
    assert.deepEqual(readdirSync(out), []);
  });

  const failures: readonly (readonly [string, VmErrorCode, RegExp, Partial<BootPlan>?])[] = [
    ['ends-after-an-oops', 'VM_OOPS', /Bad page state/],
    [
      'panics',
      'VM_PANIC',
      /Fatal exception \(after: Oops: 0002 \[#1\] SMP\)\n( {2}\| .*\n)* {2}\| .*Kernel panic/,
    ],
    ['panics-and-stays', 'VM_PANIC', /not syncing: x/],
    ['oopses', 'VM_OOPS', /Oops: 0002/],
    ['beats', 'VM_HUNG', /not ended within 5 s of the guest's time/, { deadlineGuestMs: 5000 }],
    [
      'beats',
      'VM_HUNG',
      /not ended within 1 s of the host's time/,
      { deadlineGuestMs: 1e9, limits: { capMs: 1000 } },
    ],
    ['falls-silent', 'VM_HUNG', /said nothing for 1 s/, { limits: { silenceMs: 1000 } }],
    ['never-speaks', 'VM_BOOT', /not spoken within 1 s/, { limits: { bootMs: 1000 } }],
    ['never-boots', 'VM_BOOT', /ended before the guest's agent said anything/],
    ['dies', 'VM_QEMU', /status 134\n {2}\| qemu: assertion failed$/],
    ['is-killed', 'VM_QEMU', /by SIGKILL/],
    ['is-stopped', 'VM_QEMU', /\(internal-error\)\n {2}\| KVM internal error/],
    ['leaves-before-its-job', 'VM_NO_RESULT', /cut short|ended before its job/],
    ['cuts-its-result', 'VM_NO_RESULT', /cut short/],
    ['escapes', 'VM_NO_RESULT', /"\.\.\/file": a name with \.\./],
    ['ends', 'VM_NO_RESULT', /more than 6 bytes/, { limits: { resultBytes: 6 } }],
  ];
  for (const [job, code, why, more] of failures)
    test(`that ${job}: ${code} ${why.source.slice(0, 30)}`, async () => {
      const { message } = await failure(boot(job, more), code);
      assert.match(message, why);
    });

  test('is ended by a signal to stop, with its reason', async () => {
    const controller = new AbortController();
    const booted = boot('beats', {
      signal: controller.signal,
      onQmp: () => controller.abort(new Error('Ctrl-C')),
    });
    await assert.rejects(booted, /Ctrl-C/);
    await assert.rejects(boot('ends', { signal: controller.signal }), /Ctrl-C/);
  });

  test('is not booted for a directory that holds something, or is none', async () => {
    mkdirSync(join(out, 'mine'), { recursive: true });
    await assert.rejects(boot('ends'), { code: 'USAGE', field: 'out', value: out });
    await assert.rejects(boot('ends', { out: process.execPath }), { code: 'USAGE', field: 'out' });
  });
});
