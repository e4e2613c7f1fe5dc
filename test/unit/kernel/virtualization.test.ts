import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectVirtualization } from '../../../src/kernel/virtualization.js';
import { fakeRoot } from './fixtures.js';

const bare = {
  '/proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu vme hypervisors\nbugs\t\t: hypervisor\n',
  '/proc/1/cgroup': '0::/init.scope\n',
  '/proc/1/environ': 'HOME=/\0TERM=linux\0not_container=x\0',
  '/sys/class/dmi/id/sys_vendor': 'LENOVO\n',
  '/sys/class/dmi/id/product_name': '20XW\n',
};

test('a machine without a sign is neither', (t) => {
  assert.deepEqual(detectVirtualization(fakeRoot(t, bare)), { guest: false, container: false, evidence: [] });
  assert.deepEqual(detectVirtualization(fakeRoot(t, {})), { guest: false, container: false, evidence: [] });
});

const guests: { readonly [sign: string]: [string, string] } = {
  'the hypervisor flag of the CPU': ['/proc/cpuinfo', 'flags\t\t: fpu hypervisor lahf_lm\n'],
  'a DMI vendor': ['/sys/class/dmi/id/sys_vendor', 'QEMU\n'],
  'a DMI product': ['/sys/class/dmi/id/product_name', 'Virtual Machine\n'],
  'a Xen domain': ['/sys/hypervisor/type', 'xen\n'],
  'a device tree': ['/proc/device-tree/hypervisor/compatible', 'linux,kvm\0'],
};
for (const [sign, [file, text]] of Object.entries(guests)) {
  test(`a guest is told by ${sign}, and the file is named`, (t) => {
    const found = detectVirtualization(fakeRoot(t, { ...bare, [file]: text }));
    assert.equal(found.guest, true);
    assert.equal(found.container, false);
    assert.equal(found.evidence.length, 1);
    assert.ok(found.evidence[0]?.includes(file));
  });
}

const containers: { readonly [sign: string]: [string, string] } = {
  'the file of Docker': ['/.dockerenv', ''],
  'the file of Podman': ['/run/.containerenv', ''],
  'what systemd wrote': ['/run/systemd/container', 'systemd-nspawn\n'],
  'the control group of init': ['/proc/1/cgroup', '12:pids:/kubepods/besteffort/pod1/abc\n'],
  'the environment of init': ['/proc/1/environ', 'HOME=/\0container=lxc\0'],
};
for (const [sign, [file, text]] of Object.entries(containers)) {
  test(`a container is told by ${sign}, and the file is named`, (t) => {
    const found = detectVirtualization(fakeRoot(t, { ...bare, [file]: text }));
    assert.equal(found.guest, false);
    assert.equal(found.container, true);
    assert.equal(found.evidence.length, 1);
    assert.ok(found.evidence[0]?.includes(file));
  });
}

test('the first Xen domain owns the machine and is no guest', (t) => {
  const root = fakeRoot(t, {
    ...bare,
    '/sys/hypervisor/type': 'xen\n',
    '/proc/xen/capabilities': 'control_d\n',
  });
  assert.equal(detectVirtualization(root).guest, false);
});
