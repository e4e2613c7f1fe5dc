/** Where split_huge_pages of debugfs is, why it is not, and what is written to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { parseMountinfo } from '../../../src/kernel/mountinfo.js';
import {
  findSplitHugePages,
  folioAtAddress,
  folioOfFile,
  whyNotOpened,
} from '../../../src/kernel/split-huge-pages.js';

const filesystems = 'nodev\tsysfs\nnodev\tdebugfs\n\text4\n';
const mounts = (line: string) => parseMountinfo(`${line}\n`);
const debugfs = '30 25 0:7 / /sys/kernel/debug rw,nosuid shared:11 - debugfs debugfs rw';

test('it is at the root of debugfs, wherever that is mounted', () => {
  assert.deepEqual(findSplitHugePages(mounts(debugfs), filesystems), {
    path: '/sys/kernel/debug/split_huge_pages',
  });
  const elsewhere = debugfs.replace('/sys/kernel/debug', '/mnt/d');
  assert.deepEqual(findSplitHugePages(mounts(elsewhere), filesystems), { path: '/mnt/d/split_huge_pages' });
});

test('it is said why it is not there', () => {
  const other = '31 25 0:8 / /sys/kernel/debug rw - tmpfs tmpfs rw';
  assert.deepEqual(findSplitHugePages(mounts(other), filesystems), { lacking: 'debugfs is not mounted' });
  const part = debugfs.replace(' / /sys', ' /tracing /sys');
  assert.deepEqual(findSplitHugePages(mounts(part), filesystems), { lacking: 'debugfs is not mounted' });
  assert.deepEqual(findSplitHugePages(mounts(debugfs), 'nodev\ttracefs\n'), {
    lacking: 'this kernel has no debugfs',
  });
  assert.match(whyNotOpened('/d/split_huge_pages', Errno.EPERM), /locked down \(EPERM\)$/);
  assert.match(whyNotOpened('/d/split_huge_pages', Errno.ENOENT), /CONFIG_TRANSPARENT_HUGEPAGE \(ENOENT\)$/);
  assert.match(whyNotOpened('/d/split_huge_pages', Errno.EACCES), /cannot be opened \(EACCES\)$/);
});

test('one page is asked for, in hexadecimal with its prefix', () => {
  assert.equal(folioOfFile('/run/stuckfs/mnt-0/stuck', 48), '/run/stuckfs/mnt-0/stuck,0x30,0x31');
  assert.equal(folioAtAddress(77, 0x7f0000200000n, 4096), '77,0x7f0000200000,0x7f0000201000');
});

test('a path that the kernel would read otherwise is not given to it', () => {
  assert.equal(folioOfFile('/a,b', 0), undefined);
  assert.equal(folioOfFile('a', 0), undefined);
  const longest = `/${'a'.repeat(245)}`;
  assert.equal(folioOfFile(longest, 0)?.length, 254);
  assert.equal(folioOfFile(`${longest}a`, 0), undefined);
});
