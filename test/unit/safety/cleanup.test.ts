import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readProcStat } from '../../../src/kernel/proc-stat.js';
import { type CleanupStep, cleanUp } from '../../../src/safety/cleanup.js';
import { Ledger } from '../../../src/safety/ledger.js';
import { thisMachine } from '../../../src/safety/machine.js';
import { rescue } from '../../../src/safety/rescue.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { bareMounts, fakeMachine, plainMounts, temporaryDirectory } from './fixtures.js';

const abortFile = '/sys/fs/fuse/connections/39/abort';
const fusectl = '50 23 0:31 / /sys/fs/fuse/connections rw - fusectl fusectl rw';
const ourMount = '60 27 0:39 / /mnt/x rw - fuse.stuckfs stuckfs rw';
const knob = '/proc/sys/vm/knob';
const instances = '/sys/kernel/tracing/instances';

/** A machine with one mount of ours, wedged, and its state directory with a changed value and a trace instance. */
function wedged(t: TestContext) {
  const machine = fakeMachine(t, { [abortFile]: '', [knob]: '1\n' });
  machine.setMounts([...plainMounts, fusectl, ourMount]);
  mkdirSync(join(machine.root, instances), { recursive: true });
  const details = { mountPoint: '/mnt/x', device: '0:39', connection: 39, socketPath: '/run/x.sock' };
  const directory = StateDirectory.create('mount', 'daemon', details, temporaryDirectory(t));
  const ledger = Ledger.open(directory, machine);
  ledger.setFile(knob, '50');
  ledger.traceInstance(`${instances}/stuckfs-1`);
  return { machine, directory };
}

const inShort = (steps: readonly CleanupStep[]) =>
  steps.map(({ step, ok }) => `${step} ${ok ? 'ok' : 'failed'}`);

test('the whole sequence, in its order', async (t) => {
  const { machine, directory } = wedged(t);
  const order: string[] = [];
  const steps = await cleanUp(directory, {
    machine: {
      ...machine,
      umount2: (target, flags) => {
        order.push(`abort file holds ${machine.read(abortFile)}`, `knob holds ${machine.read(knob).trim()}`);
        return machine.umount2(target, flags);
      },
    },
    release: async ({ socketPath }) => {
      order.push(`release at ${socketPath}, abort file holds ${JSON.stringify(machine.read(abortFile))}`);
    },
  });
  assert.deepEqual(inShort(steps), [
    'state ok',
    'release ok',
    'abort ok',
    'wait ok',
    'kill ok',
    'unmount ok',
    'trace-instances ok',
    'restore ok',
    'remove ok',
  ]);
  assert.deepEqual(order, [
    'release at /run/x.sock, abort file holds ""',
    'abort file holds 1',
    'knob holds 50',
  ]);
  // MNT_DETACH | UMOUNT_NOFOLLOW
  assert.deepEqual(machine.calls, ['umount2 /mnt/x 10']);
  assert.equal(machine.read(knob), '1\n');
  assert.equal(existsSync(join(machine.root, instances, 'stuckfs-1')), false);
  assert.equal(existsSync(directory.path), false);
  assert.deepEqual(inShort(await cleanUp(directory, { machine })), [
    'state ok',
    'trace-instances ok',
    'restore ok',
    'remove ok',
  ]);
});

test('a daemon that does not answer, or answers with an error, is aborted all the same', async (t) => {
  for (const release of [
    () => new Promise<void>(() => undefined),
    () => Promise.reject(new Error('refused')),
  ]) {
    const { machine, directory } = wedged(t);
    const steps = await cleanUp(directory, { machine, release });
    assert.equal(steps.find(({ step }) => step === 'release')?.ok, false);
    assert.equal(machine.read(abortFile), '1');
    assert.equal(existsSync(directory.path), false);
  }
});

test('every step runs though the one before failed, and the directory stays for another attempt', async (t) => {
  const { machine, directory } = wedged(t);
  const steps = await cleanUp(directory, { machine: { ...machine, umount2: () => -1 } });
  assert.deepEqual(
    steps.filter(({ ok }) => !ok).map(({ step }) => step),
    ['unmount', 'remove'],
  );
  assert.equal(machine.read(knob), '1\n');
  assert.equal(existsSync(directory.path), true);
  assert.equal((await cleanUp(directory, { machine })).at(-1)?.ok, true);
});

test('a connection number that another filesystem has by now is neither aborted nor unmounted', async (t) => {
  const { machine, directory } = wedged(t);
  machine.setMounts([...plainMounts, fusectl, '61 27 0:39 / /mnt/x rw - fuse.sshfs host: rw']);
  await cleanUp(directory, { machine });
  assert.equal(machine.read(abortFile), '');
  assert.deepEqual(machine.calls, []);
  assert.equal(machine.read(knob), '1\n');
});

test('a connection number that another stuckfs has by now is left to that one, also by a rescue', async (t) => {
  const { machine, directory } = wedged(t);
  machine.setMounts([...plainMounts, fusectl, '61 27 0:39 / /mnt/other rw - fuse.stuckfs stuckfs rw']);
  const report = await rescue({ machine, stateRoot: directory.root, mountPoint: '/mnt/x' });
  assert.deepEqual(report.found.connections, []);
  assert.equal(machine.read(abortFile), '');
  assert.deepEqual(machine.calls, []);
  assert.equal(existsSync(directory.path), false);
});

test('a mount that its owner did not live to write down is found at its mount point, unless another claims it', async (t) => {
  for (const isClaimed of [false, true]) {
    const machine = fakeMachine(t, { [abortFile]: '' });
    machine.setMounts([...plainMounts, fusectl, ourMount]);
    const directory = StateDirectory.create(
      'mount',
      'daemon',
      { mountPoint: '/mnt/x' },
      temporaryDirectory(t),
    );
    // The next one to mount there: with a state of its own.
    const other = { kind: 'mount', pid: 2, startTime: 3 } as const;
    if (isClaimed) {
      const path = join(directory.root, `mount-${other.pid}-${other.startTime}`);
      mkdirSync(path, { mode: 0o700 });
      const state = { version: 1, ...other, mountPoint: '/mnt/x', device: '0:39', processes: [] };
      writeFileSync(join(path, 'state.json'), JSON.stringify(state), { mode: 0o600 });
    }
    await cleanUp(directory, { machine });
    assert.equal(machine.read(abortFile), isClaimed ? '' : '1');
    assert.deepEqual(machine.calls, isClaimed ? [] : ['umount2 /mnt/x 10']);
    assert.equal(existsSync(directory.path), false);
  }
});

test('what was mounted over ours, or is another mount of ours, is left where it is', async (t) => {
  for (const top of [
    '61 60 0:40 / /mnt/x rw - tmpfs tmpfs rw',
    '61 60 0:40 / /mnt/x rw - fuse.stuckfs stuckfs rw',
  ]) {
    const { machine, directory } = wedged(t);
    machine.setMounts([...plainMounts, fusectl, ourMount, top]);
    const steps = await cleanUp(directory, { machine });
    assert.equal(steps.find(({ step }) => step === 'unmount')?.ok, false);
    assert.deepEqual(machine.calls, []);
  }
});

test('fusectl is mounted for the abort where it is missing, and unmounted again', async (t) => {
  const { machine, directory } = wedged(t);
  machine.setMounts([...plainMounts, ourMount]);
  await cleanUp(directory, { machine });
  assert.equal(machine.read(abortFile), '1');
  assert.deepEqual(machine.calls, [
    'mount stuckfs /sys/fs/fuse/connections fusectl',
    'umount2 /mnt/x 10',
    'umount2 /sys/fs/fuse/connections 8',
  ]);
});

test('recorded processes are killed by pid and start time, in the roles that are asked for', async (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const start = () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    t.after(() => child.kill('SIGKILL'));
    return {
      child,
      ended: new Promise<unknown>((resolve) => child.once('exit', (_, signal) => resolve(signal))),
    };
  };
  const workload = start();
  const watchdog = start();
  const reused = start();
  directory.addProcess('workload', workload.child.pid ?? 0);
  directory.addProcess('watchdog', watchdog.child.pid ?? 0);
  const state = directory.read();
  const pid = reused.child.pid ?? 0;
  const other = { role: 'trigger', pid, startTime: readProcStat(pid).starttime - 1 };
  writeFileSync(
    directory.file('state.json'),
    JSON.stringify({ ...state, processes: [...state.processes, other] }),
  );
  const steps = await cleanUp(directory);
  assert.equal(await workload.ended, 'SIGKILL');
  assert.deepEqual(
    steps.filter(({ step }) => step === 'kill').map(({ ok, detail }) => ({ ok, detail })),
    [{ ok: true, detail: `workload ${workload.child.pid}` }],
  );
  assert.equal(watchdog.child.exitCode ?? watchdog.child.signalCode, null);
  assert.equal(reused.child.exitCode ?? reused.child.signalCode, null);
  // The guard of the call itself, which has no look at the record before it.
  assert.equal(thisMachine.kill({ pid, startTime: other.startTime }, 9), -3);
});

test('a task that stays in D state is waited for and then told, by name and place', async (t) => {
  const { machine, directory } = wedged(t);
  const stat = `7 (stuck) D 1 7 7 0 -1 4194560 ${'0 '.repeat(8)}20 0 1 0 500 0 0`;
  for (const file of ['/proc/7/stat', '/proc/7/task/7/stat']) machine.write(file, `${stat}\n`);
  machine.write('/proc/7/task/7/wchan', 'folio_wait_writeback');
  const state = directory.read();
  const processes = [...state.processes, { role: 'workload', pid: 7, startTime: 500 }];
  writeFileSync(directory.file('state.json'), JSON.stringify({ ...state, processes }));
  const steps = await cleanUp(directory, { machine, waitMs: 1000 });
  assert.match(steps.find(({ step }) => step === 'wait')?.detail ?? '', /stuck\[7\] in folio_wait_writeback/);
  assert.match(
    steps.find(({ step }) => step === 'kill')?.detail ?? '',
    /not ended after 1000 ms: workload 7/,
  );
  assert.deepEqual(machine.calls, ['kill 7 9', 'umount2 /mnt/x 10']);
});

test('a rescue finds instances where tracefs is mounted no more; a dry run mounts nothing for it', async (t) => {
  const { machine, directory } = wedged(t);
  machine.setMounts([...bareMounts, fusectl, ourMount]);
  mkdirSync(join(machine.root, instances, 'stuckfs-old'));
  const options = { machine, stateRoot: directory.root };
  await rescue({ ...options, dryRun: true });
  assert.equal(machine.calls.length, 0);
  const { failed } = await rescue(options);
  assert.deepEqual(failed, []);
  assert.equal(existsSync(join(machine.root, instances, 'stuckfs-old')), false);
  const ofTracefs = machine.calls.filter((call) => call.includes('tracing'));
  assert.equal(ofTracefs.at(0), 'mount stuckfs /sys/kernel/tracing tracefs');
  assert.equal(ofTracefs.at(-1), 'umount2 /sys/kernel/tracing 8');
  assert.equal(ofTracefs.length % 2, 0);
});

test('a rescue from a cold start finds all of it, and a second one finds nothing', async (t) => {
  const { machine, directory } = wedged(t);
  // A mount without a state directory, an instance without a ledger, a pseudo filesystem that a crash left.
  machine.setMounts([
    ...bareMounts,
    fusectl,
    ourMount,
    '62 27 0:41 / /mnt/y rw - fuse.stuckfs stuckfs rw',
    '63 27 0:42 / /mnt/z rw - fuse.sshfs host: rw',
    '64 23 0:13 / /sys/kernel/tracing rw - tracefs stuckfs rw',
  ]);
  machine.write('/sys/fs/fuse/connections/41/abort', '');
  machine.write('/sys/fs/fuse/connections/42/abort', '');
  mkdirSync(join(machine.root, instances, 'stuckfs-old'));
  mkdirSync(join(machine.root, instances, 'somebody-else'));
  const options = { machine, stateRoot: directory.root };

  const dry = await rescue({ ...options, dryRun: true });
  assert.deepEqual(dry.found, {
    stateDirectories: [directory.path],
    broken: [],
    mounts: [
      { mountPoint: '/mnt/x', device: '0:39' },
      { mountPoint: '/mnt/y', device: '0:41' },
    ],
    foreignMounts: [],
    connections: [39, 41],
    processes: [],
    traceInstances: [`${instances}/stuckfs-1`, `${instances}/stuckfs-old`],
    pseudoMounts: ['/sys/kernel/tracing'],
  });
  assert.deepEqual([...dry.done, ...dry.failed], []);
  assert.equal(machine.read(abortFile), '');
  assert.deepEqual(machine.calls, []);

  const first = await rescue(options);
  assert.deepEqual(first.found, dry.found);
  assert.deepEqual(first.failed, []);
  assert.equal(machine.read(abortFile), '1');
  assert.equal(machine.read('/sys/fs/fuse/connections/41/abort'), '1');
  assert.equal(machine.read('/sys/fs/fuse/connections/42/abort'), '', 'of somebody else');
  assert.deepEqual(machine.calls, [
    'umount2 /mnt/x 10',
    'umount2 /mnt/y 10',
    'umount2 /sys/kernel/tracing 8',
  ]);
  assert.equal(machine.read(knob), '1\n');
  assert.equal(existsSync(join(machine.root, instances, 'stuckfs-old')), false);
  assert.equal(existsSync(join(machine.root, instances, 'somebody-else')), true);
  assert.equal(existsSync(directory.path), false);

  const second = await rescue(options);
  assert.deepEqual(second.done, []);
  assert.deepEqual(second.failed, []);
  for (const found of Object.values(second.found)) assert.deepEqual(found, []);
});

test('a rescue of one mount leaves the others', async (t) => {
  const { machine, directory } = wedged(t);
  machine.setMounts([...plainMounts, ourMount, '62 27 0:41 / /mnt/y rw - fuse.stuckfs stuckfs rw']);
  machine.write('/sys/fs/fuse/connections/41/abort', '');
  const report = await rescue({ machine, stateRoot: directory.root, mountPoint: '/mnt/y' });
  assert.deepEqual(report.failed, []);
  assert.deepEqual(report.found.stateDirectories, []);
  assert.equal(machine.read(abortFile), '');
  assert.equal(machine.read('/sys/fs/fuse/connections/41/abort'), '1');
  assert.deepEqual(machine.calls, [
    'mount stuckfs /sys/fs/fuse/connections fusectl',
    'umount2 /mnt/y 10',
    'umount2 /sys/fs/fuse/connections 8',
  ]);
  assert.equal(existsSync(directory.path), true);
});

test('a state of another version is told and kept, and its connection is found by its mount', async (t) => {
  const { machine, directory } = wedged(t);
  const text = readFileSync(directory.file('state.json'), 'utf8').replace('"version":1', '"version":2');
  writeFileSync(directory.file('state.json'), text);
  const report = await rescue({ machine, stateRoot: directory.root });
  assert.equal(machine.read(abortFile), '1');
  assert.equal(machine.read(knob), '1\n');
  assert.deepEqual(
    report.failed.map(({ what }) => what),
    [`${directory.name} state`, `${directory.name} remove`],
  );
  assert.equal(existsSync(directory.path), true);
});
