/** The record of an NFS server and client: what is undone, in which order, and what is left alone. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cleanUp } from '../../../src/safety/cleanup.js';
import { Ledger, LedgerError } from '../../../src/safety/ledger.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { MNT_DETACH, MNT_FORCE, UMOUNT_NOFOLLOW } from '../../../src/syscall/mount.js';
import { fakeMachine, temporaryDirectory } from './fixtures.js';

const mountinfo = (place: string, fsType: string, id = 40) =>
  `${id} 1 0:${id} / ${place} rw - ${fsType} stuckfs rw\n`;

test('a directory that is not directly in the state directory is refused', (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const ledger = Ledger.open(directory, fakeMachine(t, {}));
  for (const path of ['/mnt', join(directory.path, 'a/b'), directory.path])
    assert.throws(
      () => ledger.nfsPeers(path),
      (error) => error instanceof LedgerError && error.code === 'LEDGER_REFUSED',
    );
});

test('what was never made is gone, and a record of another place is not obeyed', (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const ledger = Ledger.open(directory, fakeMachine(t, {}));
  const path = join(directory.path, 'nfs-0');
  ledger.nfsPeers(path);
  assert.deepEqual(ledger.restore(), [{ kind: 'nfs-peers', what: path, ok: true, detail: 'gone' }]);
  ledger.nfsPeers(path);
  const file = directory.file('ledger.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(directory.path, '/elsewhere'));
  const [action] = ledger.restore();
  assert.equal(action?.ok, false);
  assert.equal(action?.detail, 'is not in the state directory');
});

test("the mount goes first, then the server's threads, then what they stood on", async (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const path = join(directory.path, 'nfs-0');
  for (const name of ['nfsd', 'export', 'mnt']) mkdirSync(join(path, name), { recursive: true });
  writeFileSync(join(path, 'nfsd/threads'), '4\n');
  const calls: [string, number][] = [];
  const machine = fakeMachine(t, {
    'proc/self/mountinfo':
      mountinfo(join(path, 'mnt'), 'nfs4') +
      mountinfo(join(path, 'nfsd'), 'nfsd', 41) +
      mountinfo(join(path, 'export'), 'tmpfs', 42),
  });
  const ledger = Ledger.open(directory, {
    ...machine,
    umount2: (place, flags) => {
      assert.equal(
        readFileSync(join(path, 'nfsd/threads'), 'utf8').trim(),
        place.endsWith('/mnt') ? '4' : '0',
        'the server lives for as long as the mount',
      );
      calls.push([place.slice(path.length + 1), flags]);
      return 0;
    },
  });
  ledger.nfsPeers(path);
  assert.deepEqual(ledger.restore(), [{ kind: 'nfs-peers', what: path, ok: true, detail: 'ended' }]);
  const flags = UMOUNT_NOFOLLOW | MNT_DETACH;
  assert.deepEqual(calls, [
    ['mnt', flags | MNT_FORCE],
    ['nfsd', flags],
    ['export', flags],
  ]);
  assert.equal(existsSync(path), false);
});

test('a server that cannot be ended keeps the filesystem by which it can', (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const path = join(directory.path, 'nfs-0');
  // No file, as where the kernel refuses the write.
  mkdirSync(join(path, 'nfsd/threads'), { recursive: true });
  const machine = fakeMachine(t, {
    'proc/self/mountinfo':
      mountinfo(join(path, 'nfsd'), 'nfsd', 41) + mountinfo(join(path, 'netns'), 'nsfs', 42),
  });
  const ledger = Ledger.open(directory, { ...machine, umount2: () => assert.fail('unmounted') });
  ledger.nfsPeers(path);
  for (const attempt of [1, 2]) {
    const [action] = ledger.restore();
    assert.equal(action?.ok, false, `attempt ${attempt}`);
    assert.match(action?.detail ?? '', /the server cannot be ended/);
  }
});

test("somebody else's mount in its place is told and left", async (t) => {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const path = join(directory.path, 'nfs-0');
  mkdirSync(join(path, 'mnt'), { recursive: true });
  const machine = fakeMachine(t, { 'proc/self/mountinfo': mountinfo(join(path, 'mnt'), 'ext4') });
  const ledger = Ledger.open(directory, { ...machine, umount2: () => assert.fail('unmounted') });
  ledger.nfsPeers(path);
  const [action] = ledger.restore();
  assert.equal(action?.ok, false);
  assert.match(action?.detail ?? '', /ext4 is mounted at/);
  const steps = await cleanUp(directory, {
    machine: { ...machine, umount2: () => assert.fail('unmounted') },
  });
  assert.equal(steps.find(({ step }) => step === 'restore')?.ok, false, 'it stays written down');
});
