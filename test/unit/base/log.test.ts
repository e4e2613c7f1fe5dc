import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { createLogger } from '../../../src/base/log.js';

function freshDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-log-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Runs lines of a module with `createLogger` at hand, in a process of its own. */
function spawnModule(script: string) {
  const module = new URL('../../../src/base/log.js', import.meta.url).href;
  const source = `import { createLogger } from ${JSON.stringify(module)};\n${script}`;
  return spawn(process.execPath, ['--input-type=module', '-e', source]);
}

async function run(script: string): Promise<{ stderr: string; stdout: string; signal: string | null }> {
  const child = spawnModule(script);
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [, signal] = await closed;
  return { stdout, stderr, signal };
}

interface Line {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
  readonly nodeid?: number;
  readonly err?: { readonly message: string };
}

const lines = (log: string): Line[] =>
  log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a log file has one JSON object a line, above the level, appended to, mode 0600', (context) => {
  const destination = join(freshDirectory(context), 'log');
  const log = createLogger({ level: 'info', destination, pretty: false });
  log.info({ nodeid: 2 }, 'first');
  log.debug('not written');
  createLogger({ level: 'debug', destination, pretty: false }).debug({ err: new Error('why') }, 'second');
  const [first, second, ...rest] = lines(readFileSync(destination, 'utf8'));
  assert.deepEqual([first?.msg, first?.nodeid, first?.level], ['first', 2, 30]);
  assert.match(String(first?.time), /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.equal(second?.msg, 'second');
  assert.equal(second?.err?.message, 'why');
  assert.deepEqual(rest, []);
  assert.equal(statSync(destination).mode & 0o777, 0o600);
});

test('a u64 is logged with all its digits', (context) => {
  const destination = join(freshDirectory(context), 'log');
  createLogger({ level: 'info', destination, pretty: false }).info({ unique: 18446744073709551615n }, 'held');
  assert.match(readFileSync(destination, 'utf8'), /"unique":18446744073709551615/);
});

test('pretty is for a person, and without colour in a file', (context) => {
  const destination = join(freshDirectory(context), 'log');
  createLogger({ level: 'info', destination, pretty: true }).warn({ nodeid: 7 }, 'held too long');
  const written = readFileSync(destination, 'utf8');
  assert.match(written, /^\[.*WARN.*held too long\n {4}nodeid: 7\n$/);
  assert.equal(written.includes('\u001b['), false);
});

test('nothing is lost when the process is killed right after', async () => {
  for (const pretty of [false, true]) {
    const { stderr, signal } = await run(`
      const log = createLogger({ level: 'info', destination: 'stderr', pretty: ${pretty} });
      for (let i = 0; i < 1000; i++) log.info('line ' + i + '.');
      process.kill(process.pid, 'SIGKILL');`);
    assert.equal(signal, 'SIGKILL');
    assert.equal(stderr.match(/line \d+\./g)?.length, 1000);
  }
});

test('a reader of stderr that goes away does not end the process', async () => {
  const child = spawnModule(`
    const log = createLogger({ level: 'info', destination: 'stderr', pretty: false });
    process.stdin.once('data', () => {
      log.info('into the void');
      console.log('alive');
      process.exit();
    });`);
  child.stderr.destroy();
  await once(child.stderr, 'close');
  child.stdin.write('now');
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const [status] = await once(child, 'close');
  assert.deepEqual([status, stdout], [0, 'alive\n']);
});

test('lines that a full disk refuses are dropped without ending the process, and counted', async (context) => {
  const log = createLogger({ level: 'info', destination: '/dev/full', pretty: false });
  for (let i = 0; i < 3; i++) assert.doesNotThrow(() => log.info('lost'));
  // The same descriptor number leads somewhere with room again.
  const file = join(freshDirectory(context), 'log');
  const { stdout } = await run(`
    import { closeSync, openSync } from 'node:fs';
    const log = createLogger({ level: 'info', destination: '/dev/full', pretty: false });
    const fd = openSync('/dev/null') - 1;
    log.info('lost'); log.info('lost');
    closeSync(fd);
    console.log(openSync(${JSON.stringify(file)}, 'a') === fd);
    log.info('kept'); log.info('kept too');`);
  assert.equal(stdout, 'true\n');
  assert.deepEqual(
    lines(readFileSync(file, 'utf8')).map((line) => line.msg),
    ['2 log lines could not be written', 'kept', 'kept too'],
  );
});

test('an unwritable log file and an unknown level are usage errors', (context) => {
  const directory = freshDirectory(context);
  for (const destination of [directory, join(directory, 'missing/log'), '']) {
    assert.throws(
      () => createLogger({ level: 'info', destination, pretty: false }),
      (error) => error instanceof UsageError && error.field === '--log-file' && error.value === destination,
    );
  }
  for (const level of ['loud', 'INFO', '', '30', 'toString']) {
    assert.throws(
      () => createLogger({ level, destination: 'stderr', pretty: false }),
      (error) =>
        error instanceof UsageError && error.field === '--log-level' && /trace, debug/.test(error.message),
    );
  }
});
