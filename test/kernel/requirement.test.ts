/**
 * The control for test/support/requirement.ts: what it calls there can really be used on this kernel.
 * Were a probe too generous, every other kernel test would fail where it should skip.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { test } from 'node:test';
import { command, devFuse, kernelFile, requires, root } from '../support/requirement.js';

test('an unmounted /dev/fuse opens and answers a read with EPERM', requires(devFuse), () => {
  // fs/fuse/dev.c, fuse_get_dev(): a descriptor that no mount has taken belongs to no connection.
  const fd = openSync('/dev/fuse', 'r+');
  try {
    assert.throws(() => readSync(fd, new Uint8Array(1 << 20)), { code: 'EPERM' });
  } finally {
    closeSync(fd);
  }
});

test(
  'root reads the flags of a page',
  requires(root, kernelFile('/proc/kpageflags', 'CONFIG_PROC_PAGE_MONITOR=y')),
  () => {
    const fd = openSync('/proc/kpageflags', 'r');
    try {
      assert.equal(readSync(fd, new Uint8Array(8)), 8);
    } finally {
      closeSync(fd);
    }
  },
);

test(
  'fusectl may be listed',
  requires(root, kernelFile('/sys/fs/fuse/connections', 'CONFIG_FUSE_FS')),
  () => {
    assert.ok(Array.isArray(readdirSync('/sys/fs/fuse/connections')));
  },
);

for (const [name, debianPackage] of [
  ['fusermount3', 'fuse3'],
  ['fio', 'fio'],
] as const) {
  test(`${name} runs and tells its version`, requires(command(name, debianPackage)), () => {
    const { status, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
    assert.equal(status, 0);
    assert.match(stdout, /\d+\.\d+/);
  });
}
