import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingOptions } from '../../../../src/vm/kernels/kernel-config.js';

const whole = 'CONFIG_64BIT=y\nCONFIG_COMPACTION=y\nCONFIG_FUSE_FS=y\n';

test('a kernel with FUSE and compaction lacks nothing', () => {
  assert.deepEqual(missingOptions(whole, false), []);
  assert.deepEqual(missingOptions(whole.replace('FUSE_FS=y', 'FUSE_FS=m'), true), []);
});

test('what is missing is named', () => {
  const withoutFuse = whole.replace('CONFIG_FUSE_FS=y', '# CONFIG_FUSE_FS is not set');
  assert.deepEqual(missingOptions(withoutFuse, true), ['CONFIG_FUSE_FS (FUSE)']);
  const without = '# CONFIG_COMPACTION is not set\nCONFIG_FUSE_FS=m\n';
  assert.deepEqual(missingOptions(without, false), [
    'CONFIG_FUSE_FS=m, and no modules are given',
    'CONFIG_COMPACTION (memory compaction)',
  ]);
  // Others that begin alike do not count.
  assert.deepEqual(missingOptions('CONFIG_COMPACTION_X=y\nCONFIG_FUSE_FS=y', true).length, 1);
});
