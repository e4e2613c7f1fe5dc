import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseMountinfo } from '../../../src/kernel/mountinfo.js';
import { readProcStat } from '../../../src/kernel/proc-stat.js';
import { isProcessRunning } from '../../../src/safety/process-condition.js';
import { listStateDirectories, StateDirectory, stateRoot } from '../../../src/safety/state-directory.js';
import { checkTrusted, StateDirectoryError } from '../../../src/safety/trusted-directory.js';
import { plainMounts, temporaryDirectory } from './fixtures.js';

const refusal = (code: StateDirectoryError['code'], why: RegExp) => (error: unknown) =>
  error instanceof StateDirectoryError && error.code === code && why.test(error.message);

test('a state directory names its process, is closed to others, and is listed with what it says', (t) => {
  const root = join(temporaryDirectory(t), 'state');
  const directory = StateDirectory.create('mount', 'daemon', { mountPoint: '/mnt/x', connection: 39 }, root);
  const { starttime } = readProcStat('self');
  assert.equal(directory.name, `mount-${process.pid}-${starttime}`);
  assert.equal(statSync(directory.path).mode & 0o777, 0o700);
  assert.equal(statSync(directory.file('state.json')).mode & 0o777, 0o600);
  directory.update({ device: '0:39' });
  const { readable, broken } = listStateDirectories(root);
  assert.deepEqual(broken, []);
  assert.deepEqual(
    readable.map(({ state }) => state),
    [
      {
        version: 1,
        kind: 'mount',
        pid: process.pid,
        startTime: starttime,
        mountPoint: '/mnt/x',
        connection: 39,
        device: '0:39',
        processes: [{ role: 'daemon', pid: process.pid, startTime: starttime }],
      },
    ],
  );
  directory.remove();
  assert.equal(existsSync(directory.path), false);
  directory.remove();
  assert.deepEqual(listStateDirectories(root), { readable: [], broken: [] });
});

test('a process that was waited for is struck out, and one with its pid but another start is not', (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const { pid, startTime } = directory.addProcess('workload', process.ppid);
  directory.forgetProcess(pid, startTime + 1);
  assert.deepEqual(
    directory.read().processes.map((one) => one.role),
    ['runner', 'workload'],
  );
  directory.forgetProcess(pid, startTime);
  assert.deepEqual(
    directory.read().processes.map((one) => one.role),
    ['runner'],
  );
});

test('broken directories are told and do not hide the good one', (t) => {
  const root = temporaryDirectory(t);
  const good = StateDirectory.create('run', 'runner', {}, root);
  const make = (name: string, text?: string) => {
    mkdirSync(join(root, name), { mode: 0o700 });
    if (text !== undefined) writeFileSync(join(root, name, 'state.json'), text);
  };
  make('mount-2-1', '{"version":1,');
  make('mount-2-2', JSON.stringify({ ...good.read(), version: 2 }));
  make('mount-2-3', JSON.stringify(good.read()));
  make('mount-2-4');
  make('what');
  symlinkSync(good.path, join(root, 'run-2-5'));
  const { readable, broken } = listStateDirectories(root);
  assert.deepEqual(
    readable.map(({ directory }) => directory.name),
    [good.name],
  );
  const reasons = new Map(broken.map(({ path, reason }) => [path.slice(root.length + 1), reason]));
  assert.match(reasons.get('mount-2-1') ?? '', /is not JSON/);
  assert.match(reasons.get('mount-2-2') ?? '', /version/);
  assert.match(reasons.get('mount-2-3') ?? '', /is not about mount-2-3/);
  assert.match(reasons.get('mount-2-4') ?? '', /cannot be read/);
  assert.match(reasons.get('what') ?? '', /is not named/);
  assert.match(reasons.get('run-2-5') ?? '', /not a symbolic link/);
  assert.equal(broken.length, 6);
});

test('a directory that somebody else could change is not trusted', (t) => {
  const parent = temporaryDirectory(t);
  const path = join(parent, 'state');
  assert.throws(() => checkTrusted(path), refusal('STATE_DIRECTORY_MISSING', /looked at/));
  mkdirSync(path, { mode: 0o700 });
  checkTrusted(path);
  chmodSync(path, 0o750);
  assert.throws(() => checkTrusted(path), refusal('STATE_DIRECTORY_UNTRUSTED', /mode 750/));
  chmodSync(path, 0o700);
  chmodSync(parent, 0o777);
  assert.throws(() => checkTrusted(path), refusal('STATE_DIRECTORY_UNTRUSTED', /others may write/));
  chmodSync(parent, 0o1777);
  checkTrusted(path);
  chmodSync(parent, 0o700);
  symlinkSync(path, join(parent, 'link'));
  assert.throws(
    () => checkTrusted(join(parent, 'link')),
    refusal('STATE_DIRECTORY_UNTRUSTED', /symbolic link/),
  );
  assert.throws(() => checkTrusted(`${parent}/../x`), refusal('STATE_DIRECTORY_UNTRUSTED', /absolute path/));
  if (process.geteuid?.() === 0) {
    chownSync(path, 65534, 65534);
    assert.throws(() => checkTrusted(path), refusal('STATE_DIRECTORY_UNTRUSTED', /belongs to user 65534/));
  }
});

test('a state root on a filesystem that user space serves is refused before it is touched', () => {
  const entries = parseMountinfo(
    `${[...plainMounts, '40 27 0:39 / /wedged rw - fuse.stuckfs x rw'].join('\n')}\n`,
  );
  // The path does not exist: a look at it would say so instead.
  assert.throws(
    () => checkTrusted('/wedged/state', entries),
    refusal('STATE_DIRECTORY_UNTRUSTED', /user space/),
  );
});

test('the environment chooses the root', () => {
  assert.equal(stateRoot({}), '/run/stuckfs');
  assert.equal(stateRoot({ STUCKFS_STATE_DIR: '' }), '/run/stuckfs');
  assert.equal(stateRoot({ STUCKFS_STATE_DIR: '/x/y' }), '/x/y');
});

test('a file that a crash left half written is replaced, and a link in its place is not written through', (t) => {
  const root = temporaryDirectory(t);
  const directory = StateDirectory.create('run', 'runner', {}, root);
  const victim = join(root, 'victim');
  writeFileSync(victim, 'untouched');
  symlinkSync(victim, directory.file(`state.json.${process.pid}`));
  directory.update({ mountPoint: '/mnt/y' });
  assert.equal(readFileSync(victim, 'utf8'), 'untouched');
  assert.equal(directory.read().mountPoint, '/mnt/y');
});

test('a process runs until it has ended, and one that started at another time is another', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const startTime = readProcStat(pid).starttime;
  assert.equal(isProcessRunning({ pid, startTime }), true);
  assert.equal(isProcessRunning({ pid, startTime: startTime + 1 }), false);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  assert.equal(isProcessRunning({ pid, startTime }), false);
});
