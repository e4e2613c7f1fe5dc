/** Starting a daemon in the background: its first word, and every way in which there is none. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonStartError, launchDaemon } from '../../../src/cli/daemon-launch.js';
import { readProcStat } from '../../../src/kernel/proc-stat.js';

const ready = {
  mountPoint: '/mnt/x',
  device: '0:39',
  connection: 39,
  socketPath: '/run/x',
  stateDirectory: '/run/y',
  watchdogPid: 2,
};

/** A program whose body sees `config`, `say(text)` and `pidFile`. */
function fakeProgram(context: TestContext, body: string): { program: string; pid: () => number } {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-cli-'));
  const program = join(directory, 'daemon.mjs');
  const pidFile = join(directory, 'pid');
  writeFileSync(
    program,
    `import { closeSync, writeFileSync, writeSync } from 'node:fs';
     const config = JSON.parse(process.argv[2]);
     const say = (text) => { writeSync(config.readyFd, text); };
     const ready = (more) => JSON.stringify({ ready: { pid: process.pid, ...${JSON.stringify(ready)}, ...more } }) + '\\n';
     writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
     ${body}`,
  );
  const pid = () => Number(readFileSync(pidFile, 'utf8'));
  context.after(() => {
    // In one hook, and in this order: the pid is in the directory.
    if (existsSync(pidFile) && isRunning(pid())) process.kill(pid(), 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  return { program, pid };
}

function isRunning(pid: number): boolean {
  try {
    return readProcStat(pid).state !== 'Z';
  } catch {
    return false;
  }
}

const config = { mountPoint: '/mnt/x', logFile: '/var/log/stuck.log' };

function isStartError(code: string, exitStatus: number, message: RegExp) {
  return (error: unknown): true => {
    assert.ok(error instanceof DaemonStartError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.exitStatus, exitStatus);
    assert.match(error.message, message);
    return true;
  };
}

test('a daemon that is ready goes on in a session of its own, in /', async (context) => {
  const body = `say(ready({ mountPoint: process.cwd(), socketPath: config.mountPoint }).slice(0, 10));
    setTimeout(() => { say(ready({ mountPoint: process.cwd(), socketPath: config.mountPoint }).slice(10)); closeSync(config.readyFd); }, 50);
    setInterval(() => {}, 1000);`;
  const { program, pid } = fakeProgram(context, body);
  const launched = await launchDaemon({ config, program });
  assert.deepEqual(launched.ready, { ...ready, pid: pid(), mountPoint: '/', socketPath: '/mnt/x' });
  assert.deepEqual(JSON.parse(launched.line), { ready: launched.ready });
  assert.ok(isRunning(pid()));
  const stat = readFileSync(`/proc/${pid()}/stat`, 'utf8');
  const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
  assert.equal(session, pid());
});

test('a refusal keeps the message and the exit status of the daemon', async (context) => {
  const { program, pid } = fakeProgram(
    context,
    `say(JSON.stringify({ error: { message: '-o: "frob": is no option', exitStatus: 2 } }) + '\\n');`,
  );
  await assert.rejects(
    launchDaemon({ config, program }),
    isStartError('DAEMON_REFUSED', 2, /^-o: "frob": is no option$/),
  );
  assert.ok(!isRunning(pid()));
});

test('a daemon that dies without a word: its exit status and its log', async (context) => {
  const { program } = fakeProgram(context, 'process.exit(7);');
  await assert.rejects(
    launchDaemon({ config, program }),
    isStartError('DAEMON_DIED', 1, /exit status 7.*\/var\/log\/stuck\.log/),
  );
  const killed = fakeProgram(context, `process.kill(process.pid, 'SIGKILL');`);
  await assert.rejects(
    launchDaemon({ config: { mountPoint: '/mnt/x' }, program: killed.program }),
    isStartError('DAEMON_DIED', 1, /SIGKILL.*mount-\d+-\*\/daemon\.log/),
  );
});

test('a daemon that says nothing is ended at the deadline', async (context) => {
  const { program, pid } = fakeProgram(context, 'setInterval(() => {}, 1000);');
  await assert.rejects(
    launchDaemon({ config, program, timeoutMs: 500 }),
    isStartError('DAEMON_SILENT', 1, /within 500 ms.*stuckfs rescue/),
  );
  await sleep(50);
  assert.ok(!isRunning(pid()));
});

test('nonsense is not taken for an answer, and its author is ended', async (context) => {
  const { program, pid } = fakeProgram(context, `say('{"ready":{}}\\n'); setInterval(() => {}, 1000);`);
  await assert.rejects(launchDaemon({ config, program }), isStartError('DAEMON_DIED', 1, /nonsense/));
  await sleep(50);
  assert.ok(!isRunning(pid()));
});
