import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ControlError } from '../../../src/control/contract/errors.js';
import { unmountOwn } from '../../../src/daemon/unmount.js';
import { fakeMachine, plainMounts } from '../safety/fixtures.js';

const target = { mountPoint: '/mnt/x', device: '0:39' };
const ours = '60 27 0:39 / /mnt/x rw - fuse.stuckfs stuckfs rw';
const onTop = '61 60 0:40 / /mnt/x rw - tmpfs tmpfs rw';

/** @param plain what becomes of a umount2 without MNT_DETACH */
function machineWith(t: TestContext, mounts: readonly string[], plain: 'works' | 'fails') {
  const machine = fakeMachine(t);
  machine.setMounts([...plainMounts, ...mounts]);
  const umount = async (path: string, flags: number) => {
    if (plain === 'works') return machine.umount2(path, flags);
    machine.calls.push(`umount2 ${path} ${flags}`);
    return -1;
  };
  return { machine, umount };
}

const isConflict = (pattern: RegExp) => (error: unknown) =>
  error instanceof ControlError && error.code === 'CONFLICT' && pattern.test(error.message);

test('a mount that nobody uses is unmounted, forced or not', async (t) => {
  for (const force of [false, true]) {
    const means = machineWith(t, [ours], 'works');
    assert.equal(await unmountOwn(target, force, means), 'unmounted');
    assert.deepEqual(means.machine.calls, ['umount2 /mnt/x 8']);
  }
});

test('what somebody mounted over it stays, and so does the mount below, also by force', async (t) => {
  for (const force of [false, true]) {
    const means = machineWith(t, [ours, onTop], 'works');
    await assert.rejects(
      unmountOwn(target, force, means),
      isConflict(/^mountPoint: "\/mnt\/x": tmpfs is mounted over it/),
    );
    assert.deepEqual(means.machine.calls, []);
  }
});

test('what is mounted over it while it is being unmounted is left alone too', async (t) => {
  const { machine } = machineWith(t, [ours], 'works');
  const umount = async () => {
    machine.setMounts([...plainMounts, ours, onTop]);
    return -1;
  };
  await assert.rejects(unmountOwn(target, true, { machine, umount }), isConflict(/tmpfs is mounted over it/));
  assert.deepEqual(machine.calls, []);
});

test('a mount in use is a conflict that names --force, and is detached by force', async (t) => {
  const busy = machineWith(t, [ours], 'fails');
  await assert.rejects(
    unmountOwn(target, false, busy),
    isConflict(/^force: false: \/mnt\/x is busy; .*--force/),
  );
  const forced = machineWith(t, [ours], 'fails');
  assert.equal(await unmountOwn(target, true, forced), 'detached');
  assert.deepEqual(forced.machine.calls, ['umount2 /mnt/x 8', 'umount2 /mnt/x 10']);
});

test('one that somebody else has detached, and that lives on, needs --force and no umount', async (t) => {
  const gone = machineWith(t, [], 'works');
  await assert.rejects(unmountOwn(target, false, gone), isConflict(/busy/));
  assert.equal(await unmountOwn(target, true, gone), 'detached');
  assert.deepEqual(gone.machine.calls, []);
});
