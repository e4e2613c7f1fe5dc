import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { type MountEntry, parseMountinfo } from '../../../src/kernel/mountinfo.js';
import { type PathCalls, resolveOutsideMounts } from '../../../src/kernel/path-resolution.js';

const isOurs = (entry: MountEntry) => entry.fsType === 'fuse.stuckfs';
const rootEntry = '27 1 254:0 / / rw - ext4 /dev/vda rw\n';

function tree(context: TestContext): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'stuckfs-path-')));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'real/deep'), { recursive: true });
  writeFileSync(join(directory, 'real/file'), '');
  symlinkSync('real', join(directory, 'relative'));
  symlinkSync(join(directory, 'real/deep'), join(directory, 'absolute'));
  symlinkSync('loop', join(directory, 'loop'));
  symlinkSync('nowhere', join(directory, 'dangling'));
  return directory;
}

test('a path is resolved as realpath(3) does it', (t) => {
  const directory = tree(t);
  const entries = parseMountinfo(rootEntry);
  for (const path of [
    'real/file',
    'relative/file',
    'absolute/../file',
    './real/./deep/',
    'absolute/..//deep',
    '.',
    '/',
    '/..',
  ]) {
    const absolute = path.startsWith('/') ? path : `${directory}/${path}`;
    const expected = { kind: 'resolved', path: realpathSync.native(absolute) };
    assert.deepEqual(resolveOutsideMounts(path, entries, isOurs, { cwd: directory }), expected, path);
  }
});

test('what the kernel would refuse is refused with its errno', (t) => {
  const directory = tree(t);
  const entries = parseMountinfo(rootEntry);
  const errnoOf = (path: string) => {
    const result = resolveOutsideMounts(path, entries, isOurs, { cwd: directory });
    return result.kind === 'failed' ? result.errno : result.kind;
  };
  assert.equal(errnoOf('real/none'), Errno.ENOENT);
  assert.equal(errnoOf('dangling'), Errno.ENOENT);
  assert.equal(errnoOf('real/file/x'), Errno.ENOTDIR);
  assert.equal(errnoOf('real/file/..'), Errno.ENOTDIR);
  assert.equal(errnoOf('real/file/'), Errno.ENOTDIR);
  assert.equal(errnoOf('loop'), Errno.ELOOP);
  assert.equal(errnoOf(''), Errno.ENOENT);
  assert.equal(errnoOf('a\0b'), Errno.EINVAL);
});

test('forty symbolic links are followed and the forty-first is not', () => {
  const entries = parseMountinfo(rootEntry);
  const calls = (last: number): PathCalls => ({
    lstat: (path) => (path === `/link${last}` ? 'other' : 'symlink'),
    readlink: (path) => `/link${Number(path.slice('/link'.length)) + 1}`,
  });
  assert.deepEqual(resolveOutsideMounts('/link0', entries, isOurs, { calls: calls(40) }), {
    kind: 'resolved',
    path: '/link40',
  });
  assert.deepEqual(resolveOutsideMounts('/link0', entries, isOurs, { calls: calls(41) }), {
    kind: 'failed',
    at: '/link40',
    errno: Errno.ELOOP,
  });
});

/** A tree of directories in which /home/u/link leads to the mount, and every touch is written down. */
function watched(): { calls: PathCalls; touched: string[] } {
  const touched: string[] = [];
  const links = new Map([
    ['/home/u/link', '../../mnt/stuck/dir'],
    ['/home/u/exact', '/mnt/stuck'],
    ['/home/u/beside', '/mnt/stuck-not/x'],
  ]);
  return {
    touched,
    calls: {
      lstat: (path) => {
        touched.push(path);
        return links.has(path) ? 'symlink' : 'directory';
      },
      readlink: (path) => {
        touched.push(path);
        return links.get(path) ?? '';
      },
    },
  };
}

test('nothing at or below a forbidden mount is touched, however the path leads there', () => {
  const entries = parseMountinfo(`${rootEntry}50 27 0:45 / /mnt/stuck rw - fuse.stuckfs stuckfs rw\n`);
  for (const path of [
    '/mnt/stuck',
    '/mnt/stuck/',
    '/mnt/stuck/a/b',
    '/mnt/stuck/..',
    '/mnt/./stuck',
    '/mnt/x/../stuck/f',
    '/home/u/link',
    '/home/u/link/f',
    '/home/u/exact',
    '../mnt/stuck',
  ]) {
    const { calls, touched } = watched();
    const result = resolveOutsideMounts(path, entries, isOurs, { cwd: '/home', calls });
    assert.equal(result.kind, 'forbidden', path);
    if (result.kind === 'forbidden') {
      assert.equal(result.at, '/mnt/stuck');
      assert.equal(result.mount.mountId, 50);
    }
    assert.deepEqual(
      touched.filter((at) => at.startsWith('/mnt/stuck')),
      [],
      path,
    );
  }
});

test('a relative path from a working directory inside of the mount is refused untouched', () => {
  const entries = parseMountinfo(`${rootEntry}50 27 0:45 / /mnt/stuck rw - fuse.stuckfs stuckfs rw\n`);
  const { calls, touched } = watched();
  assert.equal(resolveOutsideMounts('x', entries, isOurs, { cwd: '/mnt/stuck/d', calls }).kind, 'forbidden');
  assert.deepEqual(touched, ['/mnt']);
});

test('a forbidden root is refused before anything is touched', () => {
  const entries = parseMountinfo('50 1 0:45 / / rw - fuse.stuckfs stuckfs rw\n');
  const { calls, touched } = watched();
  assert.equal(resolveOutsideMounts('/', entries, isOurs, { calls }).kind, 'forbidden');
  assert.equal(resolveOutsideMounts('/a', entries, isOurs, { calls }).kind, 'forbidden');
  assert.deepEqual(touched, []);
});

test('a mount that hides a forbidden one, and a neighbour of the same beginning, are walked', () => {
  const entries = parseMountinfo(
    `${rootEntry}50 27 0:45 / /mnt/stuck rw - fuse.stuckfs stuckfs rw\n51 50 0:46 / /mnt/stuck rw - tmpfs t rw\n`,
  );
  const { calls } = watched();
  assert.deepEqual(resolveOutsideMounts('/mnt/stuck/a', entries, isOurs, { calls }), {
    kind: 'resolved',
    path: '/mnt/stuck/a',
  });
  assert.deepEqual(resolveOutsideMounts('/home/u/beside', entries, isOurs, { calls }), {
    kind: 'resolved',
    path: '/mnt/stuck-not/x',
  });
});
