/**
 * scripts/test.mjs over small checkouts with planted test files: what it counts, and that nothing which fails to
 * tell its result passes for a success.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const runner = resolve(import.meta.dirname, '../../../../scripts/test.mjs');
const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-runner-'));
after(() => rmSync(scratch, { recursive: true }));

let checkouts = 0;

/** A checkout with these compiled tests; `name` as in "unit/a". */
function checkout(files: Readonly<Record<string, string>>): string {
  const root = join(scratch, `${++checkouts}`);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('package.json', '{ "type": "module" }');
  for (const [name, body] of Object.entries(files)) {
    write(`test/${name}.test.ts`, '');
    write(`dist/test/${name}.test.js`, `import { describe, test } from 'node:test';\n${body}\n`);
  }
  return root;
}

function run(files: Readonly<Record<string, string>>, ...args: string[]) {
  const given = [runner, '--root', checkout(files), ...(args.length > 0 ? args : ['unit'])];
  const { status, stdout, stderr } = spawnSync(process.execPath, given, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, stdout, stderr, closing: stdout.trimEnd().split('\n').at(-1) };
}

/** A zombie is gone: in a container nobody may reap it. */
function isGone(pid: string): boolean {
  const status = `/proc/${pid}/status`;
  return !existsSync(status) || /^State:\s+Z/m.test(readFileSync(status, 'utf8'));
}

const passing = "test('fine', () => {});";

describe('counts', () => {
  test('passed, failed and skipped tests of all files, a suite never', () => {
    const { status, stdout, closing } = run({
      'unit/a': `describe('outer', () => { ${passing} test('bad', () => { throw new Error('broken so'); }); });`,
      'unit/room/b': `${passing} test('not here', { skip: 'fio is missing' }, () => {});`,
      'unit/room/c':
        "test('nor here', { skip: 'fio is missing' }, () => {}); test('one day', { todo: true });",
    });
    assert.equal(closing, '2 passed, 1 failed, 3 skipped');
    assert.equal(status, 1);
    assert.match(stdout, /failed: outer > bad\n\s+Error: broken so/);
    assert.match(
      stdout,
      /\nfio is missing \(2\)\n {4}unit\/room\/b\.test\.js: not here\n {4}unit\/room\/c\.test\.js: nor here\n/,
    );
    assert.match(stdout, /\ntodo \(1\)\n {4}unit\/room\/c\.test\.js: one day\n/);
  });

  test('the summary is in the order of the files, whichever ends first', () => {
    const marker = JSON.stringify(join(scratch, 'second-ended'));
    const { stdout } = run({
      'unit/a': `
        import { existsSync } from 'node:fs';
        import { setTimeout } from 'node:timers/promises';
        // Where files go one at a time the second cannot come first.
        const untilMs = performance.now() + 5000;
        while (!existsSync(${marker}) && performance.now() < untilMs) await setTimeout(10);
        test('first', { skip: 'fio is missing' }, () => {});`,
      'unit/b': `test('second', { skip: 'fio is missing' }, () => {});`,
      'unit/c': `import { writeFileSync } from 'node:fs'; writeFileSync(${marker}, ''); ${passing}`,
    });
    assert.match(stdout, /\n {4}unit\/a\.test\.js: first\n {4}unit\/b\.test\.js: second\n/);
  });

  test('all passed is status 0', () => {
    const { status, closing } = run({ 'unit/a': passing, 'kernel/b': passing }, 'unit', 'kernel');
    assert.deepEqual([status, closing], [0, '2 passed, 0 failed, 0 skipped']);
  });

  test('a skipped suite is a skip', () => {
    const { closing } = run({
      'unit/a': `${passing} describe('s', { skip: 'no root' }, () => { ${passing} });`,
    });
    assert.equal(closing, '1 passed, 0 failed, 1 skipped');
  });

  test('--filter picks files by suite and path', () => {
    const files = { 'unit/a': passing, 'unit/b': 'throw new Error();' };
    assert.equal(run(files, 'unit', '--filter', '^unit/a').closing, '1 passed, 0 failed, 0 skipped');
  });

  test('a leftover of an earlier build is not run', () => {
    const root = checkout({ 'unit/a': passing, 'unit/gone': 'throw new Error();' });
    rmSync(join(root, 'test/unit/gone.test.ts'));
    const { stdout } = spawnSync(process.execPath, [runner, 'unit', '--root', root], { encoding: 'utf8' });
    assert.match(stdout, /\n1 passed, 0 failed, 0 skipped\n$/);
  });
});

describe('what does not tell a result has failed', () => {
  for (const [what, body, told] of [
    ['a file without tests', '', /exited with 0 .*, or without any/],
    ['a file that cannot be loaded', "import 'no-such-module';", /no-such-module/],
    [
      'a suite that throws outside its tests',
      `describe('s', () => { throw new Error('outside'); });`,
      /outside/,
    ],
    [
      'an early exit with status 0',
      `${passing} test('ends', () => process.exit(0));`,
      /exited with 0 before/,
    ],
    [
      'a file that kills itself',
      `${passing} process.kill(process.pid, 'SIGKILL');`,
      /ended by SIGKILL before/,
    ],
    [
      'an exit status without a failure',
      `${passing} process.on('exit', () => { process.exitCode = 7; });`,
      /exited with 7/,
    ],
  ] as const) {
    test(what, () => {
      const { status, stdout, closing } = run({ 'unit/a': body });
      assert.equal(status, 1);
      assert.match(closing ?? '', /^[01] passed, 1 failed, 0 skipped$/);
      assert.match(stdout, told);
    });
  }

  test('no file at all, for each suite', () => {
    const { status, stdout, closing } = run({ 'unit/a': passing }, 'unit', 'kernel');
    assert.deepEqual([status, closing], [1, '1 passed, 1 failed, 0 skipped']);
    assert.match(stdout, /FAIL {2}kernel [\s\S]*no test was found/);
  });

  test('an unknown suite is a usage error that still closes', () => {
    const { status, stderr, closing } = run({}, 'unti');
    assert.deepEqual([status, closing], [2, '0 passed, 1 failed, 0 skipped']);
    assert.match(stderr, /no such suite: unti\nusage: /);
  });
});

describe('deadlines', () => {
  test('a file with an open handle is killed with its children, and what passed still counts', () => {
    const pidFile = join(scratch, 'child.pid');
    const { stdout, closing } = run(
      {
        'unit/hangs': `${passing}
          import { spawn } from 'node:child_process';
          import { writeFileSync } from 'node:fs';
          const child = spawn('sleep', ['1000']);
          writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));`,
        'unit/fine': passing,
      },
      // The file must have come to its test by then, and the other one to its end, on a busy machine too.
      ...['unit', '--deadline', '6'],
    );
    assert.equal(closing, '2 passed, 1 failed, 0 skipped');
    assert.match(stdout, /not at its end after 6 s; killed\. Ran: .*sleep \(pid \d+, state S\)/);
    assert.ok(isGone(readFileSync(pidFile, 'utf8')));
  });

  test('a loop that never yields is killed too', () => {
    const { closing } = run({ 'unit/spins': 'for (;;);' }, 'unit', '--deadline', '1');
    assert.equal(closing, '0 passed, 1 failed, 0 skipped');
  });

  test('a process left behind is a failure', () => {
    const { stdout, closing } = run({
      'unit/leaks': `${passing}
        import { spawn } from 'node:child_process';
        spawn('sleep', ['1000'], { stdio: 'ignore' }).unref();`,
    });
    assert.equal(closing, '1 passed, 1 failed, 0 skipped');
    assert.match(stdout, /left processes behind; killed: sleep/);
  });

  test('what has no time left has failed, and is not run', () => {
    const files = { 'kernel/a': 'setInterval(() => {}, 1000);', 'kernel/b': passing };
    const { stdout, closing } = run(files, 'kernel', '--total', '1');
    assert.equal(closing, '0 passed, 2 failed, 0 skipped');
    assert.match(stdout, /kernel\/b[\s\S]*not run: the time for all tests is used up/);
  });

  test('kernel files never run side by side', () => {
    const lock = join(scratch, 'lock');
    const body = `import { mkdirSync, rmdirSync } from 'node:fs';
      import { setTimeout } from 'node:timers/promises';
      test('alone', async () => { mkdirSync(${JSON.stringify(lock)}); await setTimeout(300); rmdirSync(${JSON.stringify(lock)}); });`;
    const { closing } = run({ 'kernel/a': body, 'kernel/b': body, 'kernel/c': body }, 'kernel');
    assert.equal(closing, '3 passed, 0 failed, 0 skipped');
  });

  test('SIGTERM takes the running file along', async () => {
    const pidFile = join(scratch, 'file.pid');
    const body = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, [runner, 'unit', '--root', checkout({ 'unit/a': body })], {
      stdio: 'ignore',
    });
    const exit = once(child, 'exit');
    while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await sleep(20);
    const pid = readFileSync(pidFile, 'utf8');
    child.kill('SIGTERM');
    assert.deepEqual(await exit, [143, null]);
    while (!isGone(pid)) await sleep(20);
  });
});
