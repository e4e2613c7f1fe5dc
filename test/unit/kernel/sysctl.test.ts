import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readSysctl, sysctlName, sysctlPath } from '../../../src/kernel/sysctl.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

test('names and paths, with the first separator deciding', () => {
  assert.equal(sysctlPath('vm.compact_memory'), '/proc/sys/vm/compact_memory');
  assert.equal(sysctlPath('vm/compact_memory'), '/proc/sys/vm/compact_memory');
  assert.equal(
    sysctlPath('net.ipv4.conf.eth0/100.forwarding'),
    '/proc/sys/net/ipv4/conf/eth0.100/forwarding',
  );
  assert.equal(
    sysctlPath('net/ipv4/conf/eth0.100/forwarding'),
    '/proc/sys/net/ipv4/conf/eth0.100/forwarding',
  );
  assert.equal(sysctlName('/proc/sys/fs/fuse/max_pages_limit'), 'fs.fuse.max_pages_limit');
  assert.equal(
    sysctlName('/proc/sys/net/ipv4/conf/eth0.100/forwarding'),
    'net.ipv4.conf.eth0/100.forwarding',
  );
});

test('no name leads out of /proc/sys', () => {
  for (const bad of [
    '',
    '.',
    '..',
    '../x',
    'vm/../../x',
    'vm..x',
    '/etc/x',
    'vm.',
    'vm x',
    'vm.a\0',
    'VM.x',
    'a//b',
    'a/./b',
    '....',
    'a.//.b',
    '//.x',
  ]) {
    assert.throws(
      () => sysctlPath(bad),
      kernelFileError('KERNEL_FILE_MALFORMED', { file: '/proc/sys' }),
      bad,
    );
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '.', '/', '-', '_'), maxLength: 12 }), (name) => {
      let path: string;
      try {
        path = sysctlPath(name);
      } catch {
        return;
      }
      assert.ok(path.startsWith('/proc/sys/'));
      assert.ok(
        path.split('/').every((part, index) => index === 0 || (part !== '' && part !== '.' && part !== '..')),
        path,
      );
    }),
  );
  assert.throws(() => sysctlName('/proc/version'), kernelFileError('KERNEL_FILE_MALFORMED'));
  assert.throws(() => sysctlName('/proc/sys/../x'), kernelFileError('KERNEL_FILE_MALFORMED'));
});

test('a value is read without its newline, and one that the kernel lacks says so', (t) => {
  const root = fakeRoot(t, { '/proc/sys/vm/lowmem_reserve_ratio': '256\t256\t32\t0\n' });
  assert.equal(readSysctl('vm.lowmem_reserve_ratio', root), '256\t256\t32\t0');
  assert.throws(
    () => readSysctl('fs.fuse.max_request_timeout', root),
    kernelFileError('KERNEL_FILE_UNREADABLE', { file: '/proc/sys/fs/fuse/max_request_timeout', errno: 2 }),
  );
});
