/** `stuckfs matrix` from its words to its table, with a program that plays QEMU. test/vm does the same with kernels. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import type { MatrixJson } from '../../../src/matrix/matrix-json.js';
import { eventually } from '../../support/eventually.js';
import { FakedQemu } from '../../support/faked-qemu.js';
import { makeBzImage } from '../../support/kernel-image.js';
import { command, requires } from '../../support/requirement.js';
import { isRunning } from '../../support/test-vm.js';
import { syntheticRun } from '../report/synthetic-run.js';
import { assertOneLineError, freshDirectory, program, runCli } from './run-cli.js';

const shared = mkdtempSync(join(tmpdir(), 'stuckfs-matrix-run-'));
after(() => rmSync(shared, { recursive: true }));
const images = ['6.19.0-old', '6.20.0-new'].map((release) => {
  const image = join(shared, release);
  writeFileSync(image, makeBzImage({ release }));
  return image;
});

function machine(t: TestContext) {
  const directory = freshDirectory(t);
  const qemu = new FakedQemu(directory);
  const environment = { PATH: qemu.path, STUCKFS_CACHE: join(shared, 'cache') };
  const out = join(directory, 'm');
  const words = ['matrix', '--kernels', images.join(','), '--accel', 'tcg', '--jobs', '2', '--out', out];
  return { qemu, environment, out, words };
}

describe('a matrix', requires(command('busybox', 'busybox-static'), command('mke2fs', 'e2fsprogs')), () => {
  test('has a table of all kernels; a cell whose guest panics is unknown, and it alone', async (t) => {
    const { qemu, environment, out, words } = machine(t);
    qemu.acts({ run: syntheticRun(t).path, acts: { 'splice-pinned': 'speaks-and-panics' } });
    const { status, stdout, stderr } = await runCli(
      [...words, '--scenario', 'writeback-held', '--scenario', 'splice-pinned'],
      { environment },
    );
    assert.equal(status, 3, stderr);
    assert.match(stdout, /^ +6\.19\.0-old +6\.20\.0-new$/m);
    assert.match(
      stdout,
      /writeback-held x compact\n {2}control +migrated +migrated\n {2}fault +stalled +stalled\n/,
    );
    assert.match(stdout, /splice-pinned x compact\n {2}control +no result +no result\n/);
    assert.match(stdout, /unknown:\n {2}on 6\.19\.0-old, 6\.20\.0-new: its boot failed: VM_PANIC/);
    assert.match(stdout, /6\.20\.0-new plain\.2: VM_PANIC: [^|]*\| .*Oops.*\n +\| .*not syncing/);
    assert.equal(readFileSync(join(out, 'matrix.txt'), 'utf8'), stdout);
    assert.match(
      stderr,
      /6\.19\.0-old plain\.1: guest: run --scenario writeback-held --trigger compact .* --stuck 2097152 --hold 1000ms/,
    );
    const again = await runCli(['report', 'merge', out]);
    assert.equal(again.status, 3);
  });

  for (const [given, guest] of [
    [[], ' --mitigation none --repeat'],
    [['--mitigation', 'all'], '--trigger compact --repeat'],
    [['--mitigation', 'abort'], ' --mitigation abort --repeat'],
  ] as const)
    test(`of everything has mitigations as asked for: ${given.join(' ') || 'none'}`, async (t) => {
      const { qemu, environment, words } = machine(t);
      qemu.acts({ run: syntheticRun(t).path });
      const all = ['--all', '--scenario', 'writeback-held', '--trigger', 'compact', ...given];
      const { stderr } = await runCli([...words, ...all], { environment });
      assert.ok(stderr.includes(guest), stderr);
    });

  test('killed in the middle leaves no QEMU; --resume finishes it, on the same images only', async (t) => {
    const { qemu, environment, out, words } = machine(t);
    qemu.acts({ acts: { compact: 'beats' } });
    const runner = spawn(process.execPath, [program, ...words, '--scenario', 'writeback-held'], {
      stdio: 'ignore',
      env: { ...process.env, ...environment },
    });
    t.after(() => runner.kill('SIGKILL'));
    // Both only where there is memory for both.
    await eventually('a guest is booted', 60_000, () => qemu.pids().some(isRunning));
    assertOneLineError(await runCli(['matrix', '--resume', out], { environment }), 2, ['another stuckfs']);
    runner.kill('SIGKILL');
    await eventually('no QEMU is left', 10_000, () => !qemu.pids().some(isRunning));
    assert.ok(existsSync(join(out, 'matrix-plan.json')));

    qemu.acts({ run: syntheticRun(t).path });
    const resumed = await runCli(['matrix', '--resume', out, '--accel', 'tcg', '--json'], { environment });
    assert.equal(resumed.status, 0, resumed.stderr);
    const { verdict, boots }: MatrixJson = JSON.parse(resumed.stdout);
    assert.equal(verdict, 'pass');
    assert.deepEqual(
      boots.map(({ state }) => state),
      ['ended', 'ended'],
    );
    const played = qemu.pids().length;
    const nothing = await runCli(['matrix', '--resume', out, '--accel', 'tcg'], { environment });
    assert.equal(nothing.status, 0, nothing.stderr);
    assert.equal(qemu.pids().length, played, 'there was nothing left to play');

    const [image = ''] = images;
    const before = readFileSync(image);
    writeFileSync(image, makeBzImage({ release: '6.19.1-rebuilt' }));
    t.after(() => writeFileSync(image, before));
    const other = await runCli(['matrix', '--resume', out, '--accel', 'tcg', '--quiet'], { environment });
    assertOneLineError(other, 2, ['--resume', 'now is another image (6.19.1-rebuilt)']);
  });

  test('says what cannot be booted, by the name of its option, before anything is made', async (t) => {
    const { environment, out } = machine(t);
    const { qemu } = machine(t);
    qemu.acts({});
    const given = ['matrix', '--kernels', join(shared, 'none'), '--all', '--accel', 'tcg', '--out', out];
    const refused = await runCli(given, { environment: { ...environment, PATH: qemu.path } });
    assertOneLineError(refused, 2, ['--kernels', 'no such file']);
    assert.ok(!existsSync(out));
  });
});
