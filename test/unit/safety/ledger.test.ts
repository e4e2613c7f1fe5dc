import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readProcStat } from '../../../src/kernel/proc-stat.js';
import { KernelValueError, normaliseValue } from '../../../src/safety/kernel-value.js';
import { Ledger, LedgerError } from '../../../src/safety/ledger.js';
import type { Machine } from '../../../src/safety/machine.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { bareMounts, fakeMachine, plainMounts, temporaryDirectory } from './fixtures.js';

const knob = '/proc/sys/vm/knob';
const bdi = '/sys/devices/virtual/bdi/0:39/max_ratio';

function runDirectory(t: TestContext): StateDirectory {
  return StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
}

/** A second stuckfs below the same root: its owner is a process of its own, that runs until the test ends. */
function otherDirectory(
  t: TestContext,
  root: string,
): { directory: StateDirectory; end: () => Promise<void> } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  t.after(() => child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  const path = join(root, `run-${pid}-${readProcStat(pid).starttime}`);
  mkdirSync(path, { mode: 0o700 });
  const end = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { directory: StateDirectory.open(path), end };
}

function ledgerText(directory: StateDirectory): string {
  return readFileSync(directory.file('ledger.jsonl'), 'utf8');
}

test('a value that another process sets is put back, whether or not it got there', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n' });
  const directory = runDirectory(t);
  const ledger = Ledger.open(directory, machine);
  assert.equal(ledger.expectFile(knob, '50'), '1');
  assert.equal(machine.read(knob), '1\n');
  assert.deepEqual(ledger.restore(), [{ kind: 'file', what: knob, ok: true, detail: 'is 1 already' }]);
  ledger.expectFile(knob, '50');
  machine.write(knob, '50\n');
  assert.deepEqual(ledger.restore(), [{ kind: 'file', what: knob, ok: true, detail: 'set to 1, as before' }]);
  assert.equal(machine.read(knob), '1\n');
  assert.throws(() => ledger.expectFile(knob, '5\n6'), LedgerError);
});

test('a value set several times is back at the first one, and a second restore does nothing', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n' });
  const directory = runDirectory(t);
  const ledger = Ledger.open(directory, machine);
  assert.equal(ledger.setFile(knob, '50'), '50');
  assert.equal(ledger.setFile(knob, '100'), '100');
  assert.equal(machine.read(knob), '100\n');
  assert.deepEqual(ledger.restore(), [{ kind: 'file', what: knob, ok: true, detail: 'set to 1, as before' }]);
  assert.equal(machine.read(knob), '1\n');
  assert.equal(existsSync(directory.file('ledger.jsonl')), false);
  machine.write(knob, '7\n');
  assert.deepEqual(ledger.restore(), []);
  assert.equal(machine.read(knob), '7\n');
});

test('a memory block goes online again with the word for its zone, which its file does not show', (t) => {
  const block = '/sys/devices/system/memory/memory7/state';
  const machine = fakeMachine(t, { [block]: 'online\n' });
  const ledger = Ledger.open(runDirectory(t), machine);
  ledger.expectFile(block, 'offline', 'online_movable');
  assert.match(ledger.restore()[0]?.detail ?? '', /is online already/);
  ledger.expectFile(block, 'offline', 'online_movable');
  machine.write(block, 'offline\n');
  // Of a plain file: the kernel would show `online`.
  assert.match(ledger.restore()[0]?.detail ?? '', /is online_movable, and should be online/);
  assert.equal(machine.read(block), 'online_movable\n');
});

test('of these files only: they are as before and forgotten, the rest stays for later', (t) => {
  const ratio = '/proc/sys/vm/dirty_ratio';
  const bytes = '/proc/sys/vm/dirty_bytes';
  const machine = fakeMachine(t, { [knob]: '1\n', [bdi]: '2\n', [ratio]: '20\n', [bytes]: '0\n' });
  const directory = runDirectory(t);
  const ledger = Ledger.open(directory, machine);
  for (const path of [knob, bdi, ratio]) ledger.setFile(path, '50');
  const actions = ledger.restoreFiles([bdi, ratio]);
  assert.deepEqual(
    actions.map(({ what, ok }) => ({ what, ok })),
    [ratio, bytes, bdi].map((what) => ({ what, ok: true })),
  );
  assert.deepEqual([knob, bdi, ratio].map(machine.read), ['50\n', '2\n', '20\n']);
  assert.doesNotMatch(ledgerText(directory), /dirty|max_ratio/);
  machine.write(bdi, '3\n');
  assert.deepEqual(
    ledger.restore().map(({ what }) => what),
    [knob],
  );
  assert.deepEqual([knob, bdi].map(machine.read), ['1\n', '3\n']);
});

test('what cannot be read, lies elsewhere or is more than a line is refused before it is recorded', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n' });
  const directory = runDirectory(t);
  const ledger = Ledger.open(directory, machine);
  mkdirSync(join(machine.root, '/proc/sys/vm/directory'));
  symlinkSync('/dev/null', join(machine.root, '/sys/elsewhere'));
  assert.throws(() => ledger.setFile('/proc/sys/vm/directory', '2'), KernelValueError);
  assert.throws(() => ledger.setFile('/sys/elsewhere', '2'), /leads to/);
  for (const value of ['5\0', '5\n6']) assert.throws(() => ledger.setFile(knob, value), LedgerError);
  assert.equal(existsSync(directory.file('ledger.jsonl')), false);
  assert.equal(machine.read(knob), '1\n');
});

test('values of this shape are compared as the kernel means them', () => {
  assert.equal(normaliseValue('always [madvise] never\n'), 'madvise');
  assert.equal(normaliseValue('256\t256\t32\n'), '256 256 32');
  assert.equal(normaliseValue('[x]\n'), '[x]');
  assert.equal(normaliseValue('\n'), '');
});

test('what somebody else set meanwhile is restored too, and told', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n' });
  const ledger = Ledger.open(runDirectory(t), machine);
  ledger.setFile(knob, '50');
  machine.write(knob, '33\n');
  const [action] = ledger.restore();
  assert.equal(action?.ok, true);
  assert.match(action?.detail ?? '', /set to 1, as before; found 33, which somebody else must have set/);
  assert.equal(machine.read(knob), '1\n');
});

for (const firstToEnd of ['the first', 'the second'] as const) {
  for (const values of [
    ['50', '100'],
    ['50', '50'],
  ] as const) {
    test(`two runs set ${values.join(' and ')}, ${firstToEnd} ends first: the machine is as before both`, (t) => {
      const machine = fakeMachine(t, { [knob]: '1\n' });
      const ours = runDirectory(t);
      const first = Ledger.open(ours, machine);
      const second = Ledger.open(otherDirectory(t, ours.root).directory, machine);
      first.setFile(knob, values[0]);
      second.setFile(knob, values[1]);
      const [one, other] = firstToEnd === 'the first' ? [first, second] : [second, first];
      assert.equal(one.restore()[0]?.ok, true);
      const whoIsLeft = firstToEnd === 'the first' ? values[1] : values[0];
      assert.equal(machine.read(knob), `${whoIsLeft}\n`, 'the one that goes on keeps its value');
      assert.equal(other.restore()[0]?.ok, true);
      assert.equal(machine.read(knob), '1\n');
    });
  }
}

test('the value of before is inherited also where a trigger or the kernel made another of it', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n', [bdi]: '1\n' });
  const ours = runDirectory(t);
  const first = Ledger.open(ours, machine);
  const second = Ledger.open(otherDirectory(t, ours.root).directory, machine);
  for (const path of [knob, bdi]) first.setFile(path, '50');
  machine.write(knob, '60\n');
  // That of another device, which has the number now.
  machine.write(`${bdi}.new`, '8\n');
  renameSync(join(machine.root, `${bdi}.new`), join(machine.root, bdi));
  assert.equal(second.isWantedByOthers(knob), true);
  for (const path of [knob, bdi]) second.setFile(path, '100');
  first.restoreFiles([knob]);
  assert.equal(machine.read(knob), '100\n', 'the one that goes on keeps its value');
  assert.equal(second.isWantedByOthers(knob), false);
  second.restoreFiles([knob]);
  assert.equal(machine.read(knob), '1\n');
  second.restoreFiles([bdi]);
  assert.equal(machine.read(bdi), '8\n', 'nothing is inherited of a device that is gone');
});

test('a run that crashed does not keep its value from being taken back by one that ends after it', async (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n' });
  const ours = runDirectory(t);
  const crashed = otherDirectory(t, ours.root);
  Ledger.open(crashed.directory, machine).setFile(knob, '50');
  const ledger = Ledger.open(ours, machine);
  ledger.setFile(knob, '100');
  await crashed.end();
  ledger.restore();
  assert.equal(machine.read(knob), '1\n');
  assert.match(Ledger.open(crashed.directory, machine).restore()[0]?.detail ?? '', /is 1 already/);
});

test('a process that is killed between the record and the end is made good by whoever replays its ledger', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n', [bdi]: '1\n' });
  const root = temporaryDirectory(t);
  const built = (file: string) =>
    JSON.stringify(new URL(`../../../src/safety/${file}.js`, import.meta.url).href);
  const script = `
    const { StateDirectory } = await import(${built('state-directory')});
    const { Ledger } = await import(${built('ledger')});
    const { thisMachine } = await import(${built('machine')});
    const ledger = Ledger.open(
      StateDirectory.create('run', 'runner', {}, ${JSON.stringify(root)}),
      { ...thisMachine, root: ${JSON.stringify(machine.root)} },
    );
    ledger.setFile(${JSON.stringify(knob)}, '50');
    ledger.setFile(${JSON.stringify(bdi)}, '100');
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(child.signal, 'SIGKILL', child.stderr);
  assert.equal(machine.read(knob), '50\n');
  assert.equal(machine.read(bdi), '100\n');
  const path = join(root, readdirOne(root));
  const actions = Ledger.open(StateDirectory.open(path), machine).restore();
  assert.deepEqual(
    actions.map(({ what, ok }) => ({ what, ok })),
    [
      { what: bdi, ok: true },
      { what: knob, ok: true },
    ],
  );
  assert.equal(machine.read(knob), '1\n');
  assert.equal(machine.read(bdi), '1\n');
});

function readdirOne(root: string): string {
  const names = spawnSync('ls', [root], { encoding: 'utf8' }).stdout.split('\n');
  return names.find((name) => name.startsWith('run-')) ?? assert.fail('no state directory was left');
}

test('a last line that was cut short is ignored, and the next record starts on a line of its own', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n', [bdi]: '2\n' });
  const directory = runDirectory(t);
  const ledger = Ledger.open(directory, machine);
  ledger.setFile(knob, '50');
  appendFileSync(directory.file('ledger.jsonl'), '{"kind":"file","path":"/proc/sys/ü');
  ledger.setFile(bdi, '100');
  assert.equal(ledgerText(directory).split('\n').length, 3);
  assert.deepEqual(
    ledger.restore().map(({ ok }) => ok),
    [true, true],
  );
  assert.equal(machine.read(knob), '1\n');
  assert.equal(machine.read(bdi), '2\n');
});

test('a ledger that was tampered with is refused line by line, and the rest is restored', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n', '/etc/shadow': 'secret\n', '/sys/fs/x/y': '5\n' });
  const directory = runDirectory(t);
  const ledger = Ledger.open(directory, machine);
  ledger.setFile(knob, '50');
  symlinkSync('/etc', join(machine.root, '/sys/fs/x/out'));
  symlinkSync('../../../etc', join(machine.root, '/sys/fs/x/up'));
  const file = (path: string) => ({ kind: 'file', path, old: 'evil', new: 'x', at: 1 });
  const lines = [
    file('/etc/shadow'),
    file('/proc/sys/../../etc/shadow'),
    file('/proc/sysrq-trigger'),
    file('/sys//fs/x/y'),
    file('/sys/./fs/x/y'),
    { kind: 'mount', target: '/home', fsType: 'tracefs' },
    { kind: 'mount', target: '/sys/kernel/tracing', fsType: 'ext4' },
    { kind: 'trace-instance', path: '/sys/kernel/tracing/instances/other' },
    { kind: 'trace-instance', path: '/sys/kernel/tracing/instances/stuckfs-x/../../..' },
    { kind: 'exec', path: '/bin/sh' },
    { ...file('/sys/fs/x/y'), more: 1 },
  ];
  for (const line of lines) appendFileSync(directory.file('ledger.jsonl'), `${JSON.stringify(line)}\n`);
  appendFileSync(directory.file('ledger.jsonl'), 'not json\n');
  for (const path of ['/sys/fs/x/up/shadow', '/sys/fs/x/out/hostname']) {
    appendFileSync(directory.file('ledger.jsonl'), `${JSON.stringify(file(path))}\n`);
  }
  const actions = ledger.restore();
  assert.equal(actions.filter(({ kind, ok }) => kind === 'line' && !ok).length, lines.length + 1);
  assert.deepEqual(
    actions.filter(({ kind }) => kind === 'file').map(({ what, ok }) => ({ what, ok })),
    [
      { what: '/sys/fs/x/out/hostname', ok: false },
      { what: '/sys/fs/x/up/shadow', ok: false },
      { what: knob, ok: true },
    ],
  );
  assert.equal(machine.read('/etc/shadow'), 'secret\n');
  assert.equal(machine.read('/sys/fs/x/y'), '5\n');
  assert.equal(machine.read(knob), '1\n');
  assert.deepEqual(machine.calls, []);
});

test('setFile itself refuses what a replay would refuse', (t) => {
  const machine = fakeMachine(t, { '/etc/passwd': 'x\n' });
  const directory = runDirectory(t);
  for (const path of [
    '/etc/passwd',
    '/sys/../etc/passwd',
    '/proc/sys/',
    'proc/sys/vm/x',
    '/proc/sys/vm/marker/',
  ]) {
    assert.throws(() => Ledger.open(directory, machine).setFile(path, 'y'), KernelValueError, path);
  }
  machine.setMounts([...plainMounts, '40 23 0:39 / /sys/evil rw - fuse.sshfs x rw']);
  assert.throws(() => Ledger.open(directory, machine).setFile('/sys/evil/x', 'y'), /user space/);
  assert.equal(existsSync(directory.file('ledger.jsonl')), false);
});

test('a file that is gone with its mount is fine, and so is one whose device number another device has', (t) => {
  const other = '/sys/devices/virtual/bdi/0:40/max_ratio';
  const machine = fakeMachine(t, { [bdi]: '1\n', [other]: '1\n' });
  const ledger = Ledger.open(runDirectory(t), machine);
  ledger.setFile(bdi, '100');
  ledger.setFile(other, '100');
  rmSync(join(machine.root, bdi));
  // A new file, with the value that we had set in the old one.
  machine.write(`${other}.new`, '100\n');
  renameSync(join(machine.root, `${other}.new`), join(machine.root, other));
  assert.deepEqual(
    ledger.restore().map(({ ok, detail }) => ({ ok, detail })),
    [
      { ok: true, detail: 'gone; another device has its name now' },
      { ok: true, detail: 'gone' },
    ],
  );
  assert.equal(machine.read(other), '100\n');
});

test('what could not be restored is told and stays for another attempt', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n', [bdi]: '1\n' });
  const directory = runDirectory(t);
  const ledger = Ledger.open(directory, machine);
  ledger.setFile(knob, '50');
  ledger.setFile(bdi, '100');
  rmSync(join(machine.root, knob));
  mkdirSync(join(machine.root, knob));
  const failing = ledger.restore();
  assert.deepEqual(
    failing.map(({ what, ok }) => ({ what, ok })),
    [
      { what: bdi, ok: true },
      { what: knob, ok: false },
    ],
  );
  rmSync(join(machine.root, knob), { recursive: true });
  machine.write(knob, '50\n');
  assert.deepEqual(
    ledger.restore().map(({ what, ok }) => ({ what, ok })),
    [{ what: knob, ok: true }],
  );
  assert.equal(machine.read(knob), '1\n');
});

test('setting dirty_bytes writes down dirty_ratio, which the kernel clears with it', (t) => {
  const bytes = '/proc/sys/vm/dirty_bytes';
  const ratio = '/proc/sys/vm/dirty_ratio';
  const machine = fakeMachine(t, { [bytes]: '0\n', [ratio]: '20\n' });
  const ledger = Ledger.open(runDirectory(t), machine);
  ledger.setFile(bytes, '1048576');
  machine.write(ratio, '0\n');
  assert.deepEqual(
    ledger.restore().map(({ ok }) => ok),
    [true, true],
  );
  assert.equal(machine.read(ratio), '20\n');
  assert.equal(machine.read(bytes), '0\n');
});

test('a pseudo filesystem is unmounted only if we mounted it', (t) => {
  const machine = fakeMachine(t);
  const ledger = Ledger.open(runDirectory(t), machine);
  machine.setMounts([
    ...machine.read('/proc/self/mountinfo').trimEnd().split('\n'),
    '60 23 0:13 / /sys/kernel/tracing rw - tracefs nodev rw',
  ]);
  assert.equal(ledger.mountPseudo('tracefs'), 'present');
  assert.equal(ledger.mountPseudo('fusectl'), 'ours');
  assert.deepEqual(ledger.restore(), [
    { kind: 'mount', what: '/sys/fs/fuse/connections', ok: true, detail: 'unmounted' },
  ]);
  assert.deepEqual(machine.calls, [
    'mount stuckfs /sys/fs/fuse/connections fusectl',
    'umount2 /sys/fs/fuse/connections 8',
  ]);
});

test('the mount that a crashed process announced, and that somebody else then made, is left alone', (t) => {
  const machine = fakeMachine(t);
  const ledger = Ledger.open(runDirectory(t), { ...machine, mount: () => -1 });
  assert.throws(() => ledger.mountPseudo('fusectl'), LedgerError);
  machine.setMounts([...plainMounts, '60 23 0:50 / /sys/fs/fuse/connections rw - fusectl systemd rw']);
  assert.match(ledger.restore()[0]?.detail ?? '', /by somebody else/);
  assert.deepEqual(machine.calls, []);
});

test('a pseudo filesystem that somebody else mounts at the same moment is used', (t) => {
  const machine = fakeMachine(t);
  const mounted = '60 23 0:50 / /sys/fs/fuse/connections rw - fusectl systemd rw';
  const ledger = Ledger.open(runDirectory(t), {
    ...machine,
    mount: () => {
      machine.setMounts([...plainMounts, mounted]);
      return -16;
    },
  });
  assert.equal(ledger.mountPseudo('fusectl'), 'ours');
  assert.match(ledger.restore()[0]?.detail ?? '', /by somebody else/);
  const busy = Ledger.open(runDirectory(t), { ...fakeMachine(t), mount: () => -16 });
  assert.throws(() => busy.mountPseudo('fusectl'), LedgerError);
});

test('a pseudo filesystem that two runs use is unmounted by the last, and one that is busy is left', (t) => {
  const machine = fakeMachine(t);
  machine.setMounts(bareMounts);
  const ours = runDirectory(t);
  const first = Ledger.open(ours, machine);
  const second = Ledger.open(otherDirectory(t, ours.root).directory, machine);
  assert.equal(first.mountPseudo('tracefs'), 'ours');
  assert.equal(second.mountPseudo('tracefs'), 'ours');
  assert.match(first.restore()[0]?.detail ?? '', /left to another stuckfs/);
  assert.deepEqual(machine.calls, ['mount stuckfs /sys/kernel/tracing tracefs']);
  const busy: Machine = { ...machine, umount2: () => -16 };
  const [action] = Ledger.open(second.directory, busy).restore();
  assert.equal(action?.ok, true);
  assert.match(action?.detail ?? '', /EBUSY/);
});

test('a trace instance of ours is made and removed, and another name is refused', (t) => {
  const machine = fakeMachine(t);
  const instances = '/sys/kernel/tracing/instances';
  mkdirSync(join(machine.root, instances), { recursive: true });
  const ledger = Ledger.open(runDirectory(t), machine);
  ledger.traceInstance(`${instances}/stuckfs-1`);
  assert.equal(existsSync(join(machine.root, instances, 'stuckfs-1')), true);
  assert.throws(() => ledger.traceInstance(`${instances}/other`), LedgerError);
  assert.deepEqual(
    ledger.restore().map(({ ok, detail }) => ({ ok, detail })),
    [{ ok: true, detail: 'removed' }],
  );
  assert.equal(existsSync(join(machine.root, instances, 'stuckfs-1')), false);
});

test('the lock of a stopped holder does not stop a restore for ever', (t) => {
  const machine = fakeMachine(t, { [knob]: '1\n' });
  const directory = runDirectory(t);
  const ledger = Ledger.open(directory, machine);
  ledger.setFile(knob, '50');
  const holder = spawn('flock', ['--no-fork', join(directory.root, 'ledger.lock'), 'sleep', '30'], {
    stdio: 'ignore',
  });
  t.after(() => holder.kill('SIGKILL'));
  const script = `until ! flock -n ${join(directory.root, 'ledger.lock')} true; do sleep 0.01; done`;
  spawnSync('sh', ['-c', script], { timeout: 5000 });
  const actions = ledger.restore();
  assert.match(actions[0]?.detail ?? '', /held by another/);
  assert.equal(machine.read(knob), '1\n');
});

test('a file that holds nothing of ours restores nothing', (t) => {
  const directory = runDirectory(t);
  writeFileSync(directory.file('ledger.jsonl'), '');
  assert.deepEqual(Ledger.open(directory, fakeMachine(t)).restore(), []);
});
