import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  findMount,
  mountContaining,
  mountsBelow,
  parseMountinfo,
  readMountinfo,
} from '../../../src/kernel/mountinfo.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

const entries = parseMountinfo(fixture('mountinfo'));

test('an entry has every field, with escapes decoded and optional fields kept apart', () => {
  assert.deepEqual(
    entries.find((entry) => entry.mountId === 50),
    {
      mountId: 50,
      parentId: 27,
      major: 0,
      minor: 45,
      root: '/',
      mountPoint: '/mnt/a b',
      options: ['rw', 'nosuid', 'nodev', 'relatime'],
      optionalFields: ['shared:20'],
      fsType: 'fuse.stuckfs',
      source: 'stuckfs\\x#y',
      superOptions: ['rw', 'user_id=0', 'group_id=0', 'default_permissions'],
    },
  );
  assert.deepEqual(entries.find((entry) => entry.mountId === 43)?.optionalFields, ['shared:19', 'master:2']);
});

test('an empty source is empty, and no optional fields are none', () => {
  const entry = entries.find((candidate) => candidate.mountId === 51);
  assert.equal(entry?.source, '');
  assert.equal(entry?.root, '/deep\ttab');
  assert.deepEqual(entry?.optionalFields, []);
});

test('the topmost of stacked mounts is found', () => {
  assert.equal(findMount(entries, '/dev/shm')?.mountId, 30);
  assert.equal(findMount(entries, '/dev/shm/')?.mountId, 30);
  assert.equal(findMount(entries, '/srv')?.mountId, 62);
  assert.equal(findMount(entries, '/')?.mountId, 27);
  assert.equal(findMount(entries, '/dev/shm/x'), undefined);
});

test('a mount under a directory that was mounted over later is not on the way of a path', () => {
  assert.equal(findMount(entries, '/srv/fs'), undefined);
  assert.equal(mountContaining(entries, '/srv/fs/file')?.mountId, 62);
  assert.equal(mountContaining(entries, '/srv/other/file')?.mountId, 63);
});

test('a path lies on the mount with the longest matching components, not characters', () => {
  assert.equal(mountContaining(entries, '/mnt/ab/c')?.mountId, 51);
  assert.equal(mountContaining(entries, '/mnt/abc')?.mountId, 27);
  assert.equal(mountContaining(entries, '/mnt/a b/x/y')?.mountId, 50);
  assert.equal(mountContaining(entries, '/')?.mountId, 27);
});

test('a root that is its own parent, and a chroot without an entry for /, are both walked', () => {
  const initramfs = parseMountinfo('1 1 0:2 / / rw - rootfs rootfs rw\n2 1 0:3 / /proc rw - proc proc rw\n');
  assert.equal(mountContaining(initramfs, '/proc/1')?.mountId, 2);
  assert.equal(mountContaining(initramfs, '/x')?.mountId, 1);
  const chroot = parseMountinfo('8 7 0:3 / /proc rw - proc proc rw\n');
  assert.equal(mountContaining(chroot, '/proc/1')?.mountId, 8);
  assert.equal(mountContaining(chroot, '/x'), undefined);
});

test('mounts below a path include the shadowed ones and exclude the one at it', () => {
  assert.deepEqual(
    mountsBelow(entries, '/srv').map((entry) => entry.mountId),
    [61, 63],
  );
  assert.deepEqual(
    mountsBelow(entries, '/mnt/a').map((entry) => entry.mountId),
    [],
  );
  assert.equal(mountsBelow(entries, '/').length, entries.length - 1);
});

test('a malformed line is reported with its number', () => {
  const good = '22 27 0:21 / /proc rw,relatime - proc proc rw\n';
  for (const bad of [
    '',
    '22 27 0:21 / /proc rw proc proc rw',
    '22 27 21 / /p rw - a b c',
    'x 1 0:1 / / rw - a b c',
    '1 1 0:1:2 / / rw - a b c',
    '1 1 0:1 / / rw - a b',
  ]) {
    assert.throws(
      () => parseMountinfo(`${good}${bad}\n`),
      kernelFileError('KERNEL_FILE_MALFORMED', { line: 2 }),
    );
  }
});

test('it is read for a pid under an injected root', (t) => {
  const root = fakeRoot(t, { '/proc/7/mountinfo': '1 1 0:2 / / rw - rootfs rootfs rw\n' });
  assert.equal(readMountinfo(root, 7)[0]?.fsType, 'rootfs');
  assert.throws(
    () => readMountinfo(root),
    kernelFileError('KERNEL_FILE_UNREADABLE', { file: '/proc/self/mountinfo' }),
  );
});
