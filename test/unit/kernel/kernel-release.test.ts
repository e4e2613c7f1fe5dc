import assert from 'node:assert/strict';
import { release } from 'node:os';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseKernelConfig, readKernelRelease } from '../../../src/kernel/kernel-release.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

const config = `#
# Automatically generated file; DO NOT EDIT.
#
CONFIG_FUSE_FS=y
CONFIG_CUSE=m
# CONFIG_CMA is not set
CONFIG_LOCALVERSION="-x=y"
CONFIG_LOG_BUF_SHIFT=17
CONFIG_EMPTY=""
`;
const files = {
  '/proc/sys/kernel/osrelease': '6.12.117-test\n',
  '/proc/version': 'Linux version 6.12.117-test (a@b) #1 SMP\n',
  '/proc/cmdline': 'root=/dev/vda quiet\n',
};

test('a configuration, with what is not set as n and quotes taken off', () => {
  assert.deepEqual(
    [...parseKernelConfig(config)],
    [
      ['CONFIG_FUSE_FS', 'y'],
      ['CONFIG_CUSE', 'm'],
      ['CONFIG_CMA', 'n'],
      ['CONFIG_LOCALVERSION', '-x=y'],
      ['CONFIG_LOG_BUF_SHIFT', '17'],
      ['CONFIG_EMPTY', ''],
    ],
  );
  assert.throws(
    () => parseKernelConfig('CONFIG_A=y\njunk\n'),
    kernelFileError('KERNEL_FILE_MALFORMED', { line: 2 }),
  );
  assert.throws(() => parseKernelConfig(''), kernelFileError('KERNEL_FILE_MALFORMED'));
});

test('the configuration comes from /proc, else from /boot for this release, else not at all', (t) => {
  const bare = readKernelRelease(fakeRoot(t, { ...files, '/boot/config-6.1.0-other': config }));
  assert.deepEqual(bare, {
    release: '6.12.117-test',
    version: 'Linux version 6.12.117-test (a@b) #1 SMP',
    cmdline: 'root=/dev/vda quiet',
  });
  const boot = { ...files, '/boot/config-6.12.117-test': 'CONFIG_FROM=boot\n' };
  assert.equal(readKernelRelease(fakeRoot(t, boot)).config?.get('CONFIG_FROM'), 'boot');
  const both = { ...boot, '/proc/config.gz': gzipSync(config) };
  assert.equal(readKernelRelease(fakeRoot(t, both)).config?.get('CONFIG_FUSE_FS'), 'y');
});

test('what is no gzip, and a missing release, are errors', (t) => {
  assert.throws(
    () => readKernelRelease(fakeRoot(t, { ...files, '/proc/config.gz': 'junk' })),
    kernelFileError('KERNEL_FILE_UNREADABLE', { file: '/proc/config.gz' }),
  );
  assert.throws(
    () => readKernelRelease(fakeRoot(t, {})),
    kernelFileError('KERNEL_FILE_UNREADABLE', { errno: 2 }),
  );
});

test('the running kernel is the one that Node names', () => {
  assert.equal(readKernelRelease().release, release());
});
