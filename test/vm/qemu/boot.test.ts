/** Kernels that really boot under QEMU: the job's end, its result, the machine's shape, the probe. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { bootOnce, chooseAccel } from '../../../src/vm/accel.js';
import { bootGuest } from '../../../src/vm/boot.js';
import { findQemu } from '../../../src/vm/qemu/program.js';
import { eventually } from '../../support/eventually.js';
import { requires } from '../../support/requirement.js';
import { bootable, type TestVm, testKernel, testVm } from '../../support/test-vm.js';

describe('a guest that does its job', requires(...bootable), () => {
  let vm: TestVm;
  beforeEach(() => {
    vm = testVm();
  });
  afterEach(() => vm.remove());
  const lines = (): readonly string[] => vm.news.map(({ line }) => line);

  test('ends with its status; its lines were live and its result is byte-exact', async () => {
    const end = await bootGuest(vm.plan('ends', { env: { LANG: 'C' }, patience: 7 }));
    assert.equal(end.exitStatus, 3);
    assert.ok(end.guestMs >= 0, `${end.guestMs}`);
    assert.ok(lines().includes('job: began'));
    // Told, and no failure.
    assert.ok(vm.news.some(({ kind, line }) => kind === 'kernel' && /soft lockup/.test(line)));
    const out = join(vm.directory, 'out');
    assert.deepEqual(JSON.parse(readFileSync(join(out, 'job.json'), 'utf8')), {
      words: ['ends'],
      env: { LANG: 'C' },
      patience: 7,
      deadlineMs: 96_000,
    });
    assert.ok(readFileSync(join(out, 'sub/bulk')).equals(Buffer.alloc(65536 * 32, 'x')));
    assert.deepEqual(readdirSync(vm.directory).sort(), ['initrd', 'out']);
  });

  test('has two nodes with memory, and a DIMM that is online in ZONE_MOVABLE', async () => {
    const shape = { memoryMiB: 1024, cpus: 2, numaNodes: 2, dimmMiB: 128 } as const;
    const booted = bootGuest(vm.plan('nodes', { shape }));
    booted.catch(() => undefined);
    await eventually('the guest has looked at its nodes', 120_000, () =>
      lines().some((line) => line.includes('memhp_default_state=')),
    );
    vm.controller.abort(new Error('seen enough'));
    await assert.rejects(booted, /seen enough/);
    const said = lines().join('\n');
    assert.match(said, /^nodes 0-1$/m);
    // The DIMM is on the second.
    const pages = /^movable (\d+) (\d+)$/m.exec(said)?.slice(1).map(Number) ?? [];
    assert.ok(pages[0] === 0, said);
    assert.ok(pages[1] !== undefined && pages[1] - pages[0] >= (128 << 20) / 4096 - 1024, said);
    assert.match(said, /memhp_default_state=online_movable/);
  });

  test('is booted to its first process by a probe; what KVM does is found out once', async () => {
    const options = {
      cache: join(vm.directory, 'cache'),
      kernelImage: testKernel().image,
      signal: new AbortController().signal,
    };
    const qemu = await findQemu(process.env['PATH']);
    assert.deepEqual(await bootOnce('tcg', qemu, options, 120_000), {
      works: true,
      seen: 'a guest booted to its first process',
    });
    const broken = await bootOnce('tcg', qemu, { ...options, kernelImage: process.execPath }, 120_000);
    assert.equal(broken.works, false);
    const first = await chooseAccel('auto', options);
    assert.deepEqual(await chooseAccel('auto', options), first);
    if (first.accel === 'tcg')
      await assert.rejects(chooseAccel('kvm', options), { code: 'USAGE', field: '--accel', value: 'kvm' });
    assert.equal((await chooseAccel('tcg', options)).accel, 'tcg');
  });
});
