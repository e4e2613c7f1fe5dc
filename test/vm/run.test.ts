/**
 * `stuckfs vm run` on a kernel that really boots, as an unprivileged user: the main job, its verdict, its run directory.
 * Where the test is root it gives itself up for nobody, with a cache of nobody's own.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { RunDirectory } from '../../src/record/run-directory.js';
import type { RunJson } from '../../src/report/run-json.js';
import { judgeRun } from '../../src/report/write.js';
import { cliPath } from '../support/cli.js';
import { runProgram } from '../support/program.js';
import { command, type Requirement, requires } from '../support/requirement.js';
import { findTestKernel, testKernel } from '../support/unpacked-kernel.js';

const nobody = 65534;
const isRoot = process.geteuid?.() === 0;
const unprivileged: readonly string[] = isRoot
  ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--no-new-privs']
  : [];

/** A checkout below a home that only its owner may enter. */
const readableByNobody: Requirement = () => {
  if (!isRoot) return undefined;
  const [program = '', ...words] = [...unprivileged, 'test', '-r', cliPath];
  return spawnSync(program, words).status === 0
    ? undefined
    : `the user nobody may not read ${cliPath}: put the checkout where others may read`;
};

const directory = mkdtempSync(join(tmpdir(), 'stuckfs-vm-run-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const needs = requires(
  command('qemu-system-x86_64', 'qemu-system-x86'),
  command('busybox', 'busybox-static'),
  command('mke2fs', 'e2fsprogs'),
  command('debugfs', 'e2fsprogs'),
  command('setpriv', 'util-linux'),
  testKernel,
  readableByNobody,
);

test('writeback that is withheld, in a VM, without root', needs, async () => {
  const kernel = findTestKernel();
  assert.ok(kernel?.modules !== undefined);
  // What nobody may read.
  const [image, modules] = [join(directory, 'vmlinuz'), join(directory, 'modules', basename(kernel.modules))];
  cpSync(kernel.image, image);
  cpSync(kernel.modules, modules, { recursive: true });
  const home = join(directory, 'home');
  mkdirSync(home);
  if (isRoot) {
    for (const path of [directory, home]) chownSync(path, nobody, nobody);
    assert.equal(spawnSync('chmod', ['-R', 'a+rX', directory]).status, 0);
  }
  const out = join(home, 'run');
  const [program = '', ...words] = [
    ...[...unprivileged, process.execPath, cliPath, 'run', 'writeback-held', '--on', 'vm', '--json'],
    ...['--kernel', image, '--modules', modules, '--out', out, '--stuck', '4M', '--hold', '3s'],
  ];
  const environment = { PATH: process.env['PATH'], HOME: home, TMPDIR: home };
  const { status, stdout, stderr } = await runProgram(program, words, {
    ...{ environment, cwd: home },
    deadlineMs: 360_000,
  });
  assert.equal(status, 0, stderr + stdout);
  const run: RunJson = JSON.parse(stdout);
  assert.deepEqual(
    [run.verdict, run.on, run.kernel, run.cells.map(({ arm, verdict }) => `${arm} ${verdict}`)],
    ['pass', 'vm', kernel.release, ['control pass', 'fault pass']],
  );
  assert.ok(run.cells[1]?.outcome === 'stalled' || run.cells[1]?.outcome === 'migrated');
  assert.equal(run.cells[1]?.evidence.byteExact, true);

  // Judged in the guest and here, from the same files: the same.
  assert.deepEqual(judgeRun(RunDirectory.open(out)), run);
  for (const name of ['trace-1.txt', 'dmesg-1.txt', 'report.html', 'junit.xml', 'ktap.txt', 'perfetto.json'])
    assert.ok(existsSync(join(out, name)), name);
  const { vm, kernel: seen } = JSON.parse(readFileSync(join(out, 'environment.json'), 'utf8'));
  assert.equal(seen.release, kernel.release);
  assert.equal(vm.kernel, image);
  assert.equal(vm.shape.numaNodes, 1);
});
