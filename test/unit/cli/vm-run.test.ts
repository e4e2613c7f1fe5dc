/** `stuckfs run --on vm` and `stuckfs vm run`, with a program that plays QEMU. test/vm does the same with a kernel. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { judgeRun } from '../../../src/report/write.js';
import { startCli } from '../../support/cli.js';
import { eventually } from '../../support/eventually.js';
import { makeBzImage } from '../../support/kernel-image.js';
import { command, requires } from '../../support/requirement.js';
import { isRunning } from '../../support/test-vm.js';
import { editEvents, syntheticRun } from '../report/synthetic-run.js';
import { assertOneLineError, freshDirectory, runCli } from './run-cli.js';

const shared = mkdtempSync(join(tmpdir(), 'stuckfs-vm-run-'));
after(() => rmSync(shared, { recursive: true }));
const image = join(shared, 'bzImage');
writeFileSync(image, makeBzImage({ release: '6.19.0-mine' }));

const needed = requires(command('busybox', 'busybox-static'), command('mke2fs', 'e2fsprogs'));

interface Fake {
  /** What the guest sends back. */
  readonly run?: string;
  readonly status?: number;
  /** By a word of the job: another end of the guest. */
  readonly acts?: Readonly<Record<string, string>>;
}

/** A machine on which QEMU is this; it leaves its pid in the file `pid`. */
function faked(context: TestContext, { run = '', status = 0, acts = {} }: Fake) {
  const directory = freshDirectory(context);
  const main = fileURLToPath(new URL('../../support/fake-qemu-main.js', import.meta.url));
  const program = join(directory, 'qemu-system-x86_64');
  const version = '[ "$1" != --version ] || { echo "QEMU emulator version 7.2.0"; exit; }';
  const exported = `export FAKE_RUN='${run}' FAKE_STATUS=${status} FAKE_ACTS='${JSON.stringify(acts)}'`;
  writeFileSync(
    program,
    `#!/bin/sh\n${version}\n${exported}\necho $$ >'${directory}/pid'\nexec '${process.execPath}' '${main}'\n`,
  );
  chmodSync(program, 0o755);
  const out = join(directory, 'out');
  const environment = {
    PATH: `${directory}${delimiter}${process.env['PATH']}`,
    STUCKFS_CACHE: join(shared, 'cache'),
  };
  return { out, directory, environment, kernel: ['--kernel', image, '--accel', 'tcg', '--out', out] };
}

async function vmRun(context: TestContext, words: readonly string[], fake: Fake) {
  const { kernel, environment, ...places } = faked(context, fake);
  return { ...(await runCli([...words, ...kernel], { environment })), ...places };
}

describe('a run in a guest', needed, () => {
  test('has its directory back, all reports, and the verdict of its record', async (context) => {
    const guest = syntheticRun(context);
    const junit = join(freshDirectory(context), 'junit.xml');
    const words = ['run', 'writeback-held', '--on', 'vm', '--hold', '3s', '--junit', junit];
    const { status, stdout, stderr, out } = await vmRun(context, words, { run: guest.path });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^verdict: pass$/m);
    assert.match(stderr, /on vm: as --on says/);
    // What it was told to do, in the guest's own progress.
    assert.match(
      stderr,
      /guest: run --scenario writeback-held --trigger compact --repeat 1 --stuck 8388608 --hold 3000ms --seed 1 --on host .*--reports verdict --out \/out\/run/,
    );
    const names = ['events.jsonl', 'ktap.txt', 'perfetto.json', 'report.html', 'run.json', 'guest.log'];
    for (const name of names) assert.ok(existsSync(join(out, name)), name);
    assert.deepEqual(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')), judgeRun(guest));
    assert.equal(readFileSync(junit, 'utf8'), readFileSync(join(out, 'junit.xml'), 'utf8'));
    assert.match(readFileSync(join(out, 'guest.log'), 'utf8'), /stdout: a report/);
    const again = await runCli(['report', out]);
    assert.equal(again.stdout, stdout);
  });

  test('does not pass with a status that is not that of its record', async (context) => {
    const guest = syntheticRun(context);
    const { status, stdout } = await vmRun(context, ['vm', 'run', 'writeback-held'], {
      run: guest.path,
      status: 1,
    });
    assert.equal(status, 3);
    assert.match(stdout, /the run in the guest ended with status 1/);
  });

  test('that was killed before its end: what it recorded is there, the rest is unknown', async (context) => {
    const guest = syntheticRun(context);
    editEvents(guest, (lines) => lines.slice(0, 9));
    const words = ['vm', 'run', 'writeback-held', '--json'];
    const { status, stdout } = await vmRun(context, words, { run: guest.path, status: 124 });
    assert.equal(status, 3);
    const { verdict, damage, cells } = JSON.parse(stdout);
    assert.equal(verdict, 'unknown');
    assert.match(damage.join('; '), /did not come to its end.*status 124/);
    assert.ok(cells.length > 0);
  });

  test('whose kernel panics: its error with the console, every arm unknown', async (context) => {
    const { status, stdout, stderr, out } = await vmRun(context, ['vm', 'run', 'writeback-held'], {
      acts: { compact: 'panics' },
    });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /^stuckfs: VM_PANIC: .*\n {2}\| /m);
    assert.match(stdout, /VM_PANIC: the guest's kernel: Kernel panic - not syncing: Fatal exception/);
    assert.deepEqual(readdirSync(out).sort(), ['guest.log', 'junit.xml', 'ktap.txt', 'run.json']);
    assert.match(readFileSync(join(out, 'junit.xml'), 'utf8'), /errors="2"/);
  });

  test('that refuses its words says so in a line', async (context) => {
    const words = ['vm', 'run', 'writeback-held', '--bisect'];
    const { status, stderr, stdout } = await vmRun(context, words, { status: 2 });
    assert.equal(status, 125);
    assert.match(stderr, /^stuckfs: GUEST_RUN: the run in the guest ended with status 2: /m);
    assert.match(stdout, /^verdict: unknown$/m);
  });

  test('that sends something without a record: its arms are unknown', async (context) => {
    const sent = freshDirectory(context);
    writeFileSync(join(sent, 'daemon-1.log'), '');
    const { status, stderr } = await vmRun(context, ['vm', 'run', 'writeback-held'], { run: sent });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /^stuckfs: GUEST_RUN: the run in the guest ended with status 0: /m);
  });

  test('ends with Ctrl-C, and leaves neither QEMU nor a directory', async (context) => {
    const { kernel, environment, directory } = faked(context, { acts: { compact: 'beats' } });
    const words = ['vm', 'run', 'writeback-held', ...kernel];
    const { process: runner, result } = startCli(words, 60_000, environment, directory);
    const pid = await eventually('QEMU runs', 30_000, () => {
      const file = join(directory, 'pid');
      return existsSync(file) && (Number(readFileSync(file, 'utf8')) || false);
    });
    runner.kill('SIGINT');
    const { status, stderr } = await result;
    assert.equal(status, 130, stderr);
    assert.match(stderr, /^stuckfs: ended by SIGINT: nothing of the guest is left$/m);
    assert.equal(isRunning(pid), false);
    assert.deepEqual(readdirSync(directory).sort(), ['pid', 'qemu-system-x86_64']);
  });

  test('ends with Ctrl-C that came while its image was made, and mke2fs with it', async (context) => {
    const { kernel, environment, directory } = faked(context, {});
    const mke2fs = join(directory, 'mke2fs');
    writeFileSync(mke2fs, '#!/bin/sh\nkill -INT $PPID\nkill -INT $$\n');
    chmodSync(mke2fs, 0o755);
    const cache = join(directory, 'cache');
    const { status, stderr } = await runCli(['vm', 'run', 'healthy', ...kernel], {
      environment: { ...environment, STUCKFS_CACHE: cache },
    });
    assert.equal(status, 130, stderr);
    assert.match(stderr, /^stuckfs: ended by SIGINT: nothing of the guest is left$/m);
    const left = readdirSync(join(cache, 'guest')).filter((name) => /image/.test(name));
    assert.deepEqual(left, ['image.lock']);
  });

  test('of cells that need two machines is two boots, told as one run', async (context) => {
    const guest = syntheticRun(context);
    const words = ['vm', 'run', 'writeback-held', '--trigger', 'compact', '--trigger', 'gigantic-alloc'];
    const { status, stdout, stderr, out } = await vmRun(context, [...words, '--json'], {
      run: guest.path,
      acts: { 'gigantic-alloc': 'oopses' },
    });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /boot 2 of 2, hugetlb-cma;/);
    const { cells } = JSON.parse(stdout);
    assert.deepEqual(
      cells.map(({ trigger, arm, verdict }: Record<string, string>) => `${trigger} ${arm} ${verdict}`),
      [
        'compact control pass',
        'compact fault pass',
        'gigantic-alloc control unknown',
        'gigantic-alloc fault unknown',
      ],
    );
    assert.ok(existsSync(join(out, 'plain', 'report.html')));
    assert.deepEqual(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')), JSON.parse(stdout));
  });
});

test('wrong words are told before anything is made', async (context) => {
  const directory = freshDirectory(context);
  const cases: readonly (readonly [words: readonly string[], ...texts: string[]])[] = [
    [['vm', 'run'], 'scenario: ""', 'writeback-held'],
    [['vm', 'run', 'frob'], 'scenario: "frob"'],
    [['vm', 'run', 'healthy', '--accel', 'warp'], '--accel: "warp"', 'auto, kvm or tcg'],
    [['vm', 'run', 'healthy', '--on', 'vm'], 'on'],
    [['vm', 'run', 'healthy', '--out', directory], '--out', 'exists already'],
    // Where mkdir(2) says ENOENT below a directory that is there.
    [['vm', 'run', 'healthy', '--out', '/proc/sys/x/y'], '--out', 'cannot be made'],
    [['run', 'healthy', '--on', 'mars'], '--on: "mars"', 'host, vm or auto'],
    [['run', 'healthy', '--on', 'host', '--kernel', '6.1'], '--kernel: "6.1"', '--on vm'],
    [['run', 'healthy', '--on', 'host', '--modules', '/m'], '--modules: "/m"'],
    [['run', 'healthy', '--on', 'host', '--accel', 'tcg'], '--accel: "tcg"', '--on vm'],
    [['run', 'healthy', '--on', 'host', '--reports', 'none'], '--reports: "none"', 'all or verdict'],
    [['vm', 'bisect-helper', 'frob'], 'scenario: "frob"'],
  ];
  for (const [words, ...texts] of cases) {
    const result = await runCli(words, {
      cwd: directory,
      environment: { STUCKFS_CACHE: join(directory, 'c') },
    });
    const failed = { ...result, stderr: result.stderr.split('\n').slice(-2).join('\n') };
    assertOneLineError(failed, 2, texts);
    assert.deepEqual(readdirSync(directory), []);
  }
});

test('a kernel that is not there is told before anything is made', needed, async (context) => {
  const { environment, directory } = faked(context, {});
  const before = readdirSync(directory);
  const words = ['vm', 'run', 'healthy', '--quiet', '--kernel', '/nowhere/bzImage'];
  const refused = await runCli(words, { cwd: directory, environment });
  assertOneLineError(refused, 2, ['--kernel: "/nowhere/bzImage"', 'no such file']);
  assert.deepEqual(readdirSync(directory), before);
});

test('without QEMU the error names the package, and nothing is downloaded', async (context) => {
  const directory = freshDirectory(context);
  const environment = { STUCKFS_CACHE: join(directory, 'cache'), PATH: directory };
  const { status, stderr } = await runCli(['vm', 'run', 'healthy'], { environment, cwd: directory });
  assert.equal(status, 4);
  assert.match(stderr, /^stuckfs: qemu-system-x86_64 is not in PATH: install qemu-system-x86 /m);
  assert.deepEqual(readdirSync(directory), []);
});
