/** Where a daemon may mount: decided from mountinfo, without touching a mount of ours. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { checkBacking, checkMountPoint, checkOutsideMounts } from '../../../src/cli/mount-point.js';
import type { MountEntry } from '../../../src/kernel/mountinfo.js';
import { freshDirectory } from './run-cli.js';

const environment = { STUCKFS_STATE_DIR: '/nonexistent/stuckfs-test' };

function entry(mountId: number, parentId: number, mountPoint: string, fsType: string): MountEntry {
  return {
    mountId,
    parentId,
    major: 0,
    minor: mountId,
    root: '/',
    mountPoint,
    options: ['rw'],
    optionalFields: [],
    fsType,
    source: 'test',
    superOptions: ['rw'],
  };
}

function tree(context: TestContext) {
  const directory = freshDirectory(context);
  const ours = join(directory, 'ours');
  const entries = [entry(1, 0, '/', 'ext4'), entry(2, 1, ours, 'fuse.stuckfs')];
  return { directory, ours, entries };
}

function isUsage(field: string, message: RegExp) {
  return (error: unknown): true => {
    assert.ok(error instanceof UsageError, String(error));
    assert.equal(error.field, field);
    assert.match(error.message, message);
    return true;
  };
}

test('an empty directory is taken, and its links are followed', (context) => {
  const { directory, entries } = tree(context);
  const empty = join(directory, 'empty');
  mkdirSync(empty);
  symlinkSync('empty', join(directory, 'link'));
  for (const given of [empty, `${empty}/`, join(directory, 'link'), `${directory}/link/../empty`]) {
    assert.equal(checkMountPoint(given, environment, entries), empty);
  }
});

test('a mount of ours is refused unseen, and so is what lies below it', (context) => {
  // `ours` does not exist: whoever touched it would get ENOENT and complain of that.
  const { directory, ours, entries } = tree(context);
  symlinkSync(ours, join(directory, 'link'));
  for (const given of [ours, join(directory, 'link')]) {
    assert.throws(
      () => checkMountPoint(given, environment, entries),
      isUsage('MOUNTPOINT', /is a stuckfs mount already.*stuckfs unmount .*ours/),
    );
  }
  for (const given of [join(ours, 'below'), join(directory, 'link', 'a', 'b')]) {
    assert.throws(
      () => checkMountPoint(given, environment, entries),
      isUsage('MOUNTPOINT', /lies on the stuckfs mount .*ours/),
    );
  }
});

test('a link that leads to itself', (context) => {
  const { directory, entries } = tree(context);
  symlinkSync('loop', join(directory, 'loop'));
  assert.throws(
    () => checkMountPoint(join(directory, 'loop'), environment, entries),
    isUsage('MOUNTPOINT', /ELOOP/),
  );
});

test('files of the daemon must not lie on a mount of ours', (context) => {
  const { directory, ours, entries } = tree(context);
  assert.equal(checkOutsideMounts('--log-file', join(directory, 'log'), entries), join(directory, 'log'));
  assert.throws(
    () => checkOutsideMounts('--log-file', join(ours, 'log'), entries),
    isUsage('--log-file', /lies on the stuckfs mount .*ours/),
  );
});

test('a backing directory is one that can be read, not on a mount of ours, not around the mount point', (context) => {
  const { directory, ours, entries } = tree(context);
  const data = join(directory, 'data');
  mkdirSync(join(data, 'mnt'), { recursive: true });
  writeFileSync(join(directory, 'file'), '');
  symlinkSync('data', join(directory, 'link'));
  const check = (given: string, mountPoint = join(directory, 'mnt')) =>
    checkBacking(given, mountPoint, entries);
  assert.equal(check(join(directory, 'link')), data);
  assert.equal(check(data, join(directory, 'data-beside')), data);
  const refused: [string, RegExp, string?][] = [
    ['', /give a directory/],
    [join(directory, 'none'), /ENOENT/],
    [join(directory, 'file'), /ENOTDIR/],
    [join(ours, 'below'), /lies on the stuckfs mount .*ours/],
    [data, /holds the mount point/, data],
    [join(directory, 'link'), /holds the mount point/, join(data, 'mnt')],
    ['/', /holds the mount point/],
  ];
  for (const [given, message, mountPoint] of refused) {
    assert.throws(() => check(given, mountPoint), isUsage('--backing', message));
  }
});
