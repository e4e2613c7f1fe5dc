/**
 * A matrix of two stock kernels, one with temporary pages for writeback and one without, killed in the middle and
 * resumed: no QEMU is left by the SIGKILL, and the table shows what changed between the kernels.
 * STUCKFS_CACHE saves it the download.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { MatrixJson } from '../../src/matrix/matrix-json.js';
import { seriesOf } from '../../src/vm/kernels/debian-packages.js';
import { compareVersions } from '../../src/vm/kernels/debian-version.js';
import { cliPath, startCli } from '../support/cli.js';
import { aptTools, missingMirror } from '../support/debian-mirror.js';
import { eventually } from '../support/eventually.js';
import { command, requires } from '../support/requirement.js';
import { isRunning, qemusOf } from '../support/test-vm.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-vm-matrix-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const needed = requires(
  command('qemu-system-x86_64', 'qemu-system-x86'),
  command('busybox', 'busybox-static'),
  command('mke2fs', 'e2fsprogs'),
  command('debugfs', 'e2fsprogs'),
  ...aptTools,
);
const given = process.env['STUCKFS_CACHE'] ?? '';
const missing =
  needed.skip === undefined && given === '' ? await missingMirror(join(scratch, 'probe')) : undefined;
const options = missing === undefined ? needed : { skip: missing };

const environment = { ...process.env, STUCKFS_CACHE: given === '' ? join(scratch, 'cache') : given };
const out = join(scratch, 'matrix');
const askedFor = (newest: string) => [
  ...['--kernels', `6.1,${newest}`, '--scenario', 'writeback-held', '--trigger', 'compact'],
  ...['--jobs', '2', '--accel', 'tcg', '--out', out],
];

/** Downloads, the guests' files, and then so long until both guests are at work. With all else below the suite's deadline. */
const startMs = 170_000;
const listMs = 60_000;

/** 7.3 is of sid, which has another some day; from 6.16 on writeback is in place. */
async function newestKernel(): Promise<string> {
  const { status, stdout, stderr } = await startCli(['vm', 'kernels', '--json'], listMs, environment).result;
  assert.equal(status, 0, stderr);
  const { available, cached } = JSON.parse(stdout) as Record<string, { release: string }[]>;
  const all = [...(available ?? []), ...(cached ?? [])].map(({ release }) => seriesOf(release));
  const [newest] = all.toSorted((a, b) => compareVersions(b, a));
  assert.ok(newest !== undefined && compareVersions(newest, '6.16') >= 0, stderr);
  return all.includes('7.3') ? '7.3' : newest;
}

test('6.1 and 7.3, killed in the middle and resumed', options, async () => {
  const newest = await newestKernel();
  const runner = spawn(process.execPath, [cliPath, 'matrix', ...askedFor(newest)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment,
  });
  let said = '';
  runner.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve) => runner.once('exit', () => resolve()));
  try {
    await eventually('both guests are at work', startMs, () => {
      if (runner.exitCode !== null) assert.fail(`it ended with ${runner.exitCode}: ${said}`);
      return ['6.1', newest].every((label) => said.includes(`${label} plain: guest:`));
    });
    const qemus = qemusOf(runner.pid ?? -1);
    assert.ok(qemus.length > 0, said);
    runner.kill('SIGKILL');
    await ended;
    await eventually('no QEMU is left', 10_000, () => !qemus.some(isRunning));
  } finally {
    runner.kill('SIGKILL');
  }

  const { status, stdout, stderr } = await startCli(
    ['matrix', '--resume', out, '--jobs', '2', '--accel', 'tcg', '--json'],
    startMs,
    environment,
  ).result;
  const context = `${stderr}\n${stdout}`;
  assert.equal(status, 0, context);
  const matrix: MatrixJson = JSON.parse(stdout);
  assert.equal(matrix.verdict, 'pass', context);
  const fault = matrix.rows.find(({ arm }) => arm === 'fault');
  assert.deepEqual(
    fault?.changes,
    [{ from: '6.1', before: 'migrated', to: newest, after: 'stalled' }],
    context,
  );
  const control = matrix.rows.find(({ arm }) => arm === 'control');
  assert.deepEqual(
    control?.kernels.map(({ outcome }) => outcome),
    ['migrated', 'migrated'],
    context,
  );
  for (const { kernel, evidence } of fault.kernels) {
    const [file = '', pointer = ''] = evidence?.split('#') ?? [];
    const run = JSON.parse(readFileSync(join(out, file), 'utf8'));
    assert.equal(run.cells[Number(pointer.split('/').at(-1))].arm, 'fault');
    assert.ok(run.kernel.startsWith(`${kernel}.`), `${kernel}: ${run.kernel}`);
    assert.ok(existsSync(join(out, kernel, 'plain', 'events.jsonl')));
    assert.deepEqual(readdirSync(join(out, kernel)).sort(), ['plain', 'plain.end.json']);
  }
  assert.match(readFileSync(join(out, 'matrix.txt'), 'utf8'), /^ {2}fault +migrated +stalled +changed$/m);
});
