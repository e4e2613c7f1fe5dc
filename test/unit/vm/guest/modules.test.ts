import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GuestError } from '../../../../src/vm/guest/guest-error.js';
import { chooseModules } from '../../../../src/vm/guest/guest-modules.js';
import {
  inOrder,
  type ModuleTexts,
  moduleName,
  parseModuleLists,
  textsFor,
} from '../../../../src/vm/guest/module-lists.js';

/** As Debian's 6.1 has it: ext4 is a module that asks for crc32c by name, FUSE and virtio are modules. */
const old: ModuleTexts = {
  dep: `kernel/crypto/crc32c_generic.ko:
kernel/lib/crc16.ko:
kernel/fs/mbcache.ko:
kernel/fs/jbd2/jbd2.ko:
kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
kernel/fs/fuse/fuse.ko:
kernel/drivers/virtio/virtio.ko:
kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/char/virtio_console.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/lib/libcrc32c.ko:
kernel/fs/xfs/xfs.ko: kernel/lib/libcrc32c.ko
kernel/net/unrelated.ko:
`,
  builtin: 'kernel/drivers/tty/serial/8250/8250.ko\n',
  alias: '# comment\nalias fs-xfs xfs\nalias fs-ext4 ext4\nalias unrelated unrelated\n',
  softdep: '# comment\nsoftdep ext4 pre: crc32c_generic absent post: later\n',
};

const names = (modules: readonly { name: string }[]) => modules.map(({ name }) => name);

test('a module has the name that the kernel gives it', () => {
  assert.equal(moduleName('kernel/drivers/misc/pvpanic/pvpanic-pci.ko.xz'), 'pvpanic_pci');
  assert.equal(moduleName('dm-mod.ko.zst'), 'dm_mod');
});

describe('the order', () => {
  const lists = parseModuleLists(old);

  test('has everything once, after all that it needs', () => {
    const order = inOrder(['virtio_console', 'ext4', 'virtio_blk', 'ext4'], lists);
    assert.equal(new Set(names(order)).size, order.length);
    for (const [index, { needs }] of order.entries())
      for (const one of needs) {
        const place = names(order).indexOf(one);
        assert.ok(place !== -1 && place < index, `${one} before ${order[index]?.name}`);
      }
    assert.deepEqual(names(order).slice(0, 3), ['virtio', 'virtio_ring', 'virtio_console']);
  });

  test('has what is to be loaded before by a soft dependency, where there is such a module', () => {
    assert.deepEqual(names(inOrder(['ext4'], lists)), ['crc32c_generic', 'jbd2', 'mbcache', 'crc16', 'ext4']);
  });

  test('leaves out what is no module', () => {
    assert.deepEqual(inOrder(['8250', 'nothing'], lists), []);
  });
});

test('modprobe of the guest reads of the chosen modules alone, without the compression', () => {
  const lists = parseModuleLists({ ...old, dep: old.dep.replaceAll('.ko', '.ko.xz') });
  assert.deepEqual(textsFor(inOrder(['xfs'], lists), lists), {
    dep: 'kernel/lib/libcrc32c.ko:\nkernel/fs/xfs/xfs.ko: kernel/lib/libcrc32c.ko\n',
    alias: 'alias fs-xfs xfs\n',
  });
});

describe('the modules of a guest', () => {
  test('those that it boots with come first, those for scenarios are there', () => {
    const { atBoot, all } = chooseModules('k', parseModuleLists(old), undefined);
    assert.ok(names(atBoot).includes('virtio_console') && !names(atBoot).includes('xfs'));
    assert.deepEqual(names(all), [...names(atBoot), 'libcrc32c', 'xfs']);
    assert.ok(names(atBoot).indexOf('crc32c_generic') < names(atBoot).indexOf('ext4'));
  });

  test('what is built in is no module, and is not missed', () => {
    const dep = old.dep.replace(/.*fuse\.ko:\n/, '');
    const builtin = `${old.builtin}kernel/fs/fuse/fuse.ko\n`;
    const { atBoot } = chooseModules('k', parseModuleLists({ ...old, dep, builtin }), undefined);
    assert.ok(!names(atBoot).includes('fuse'));
  });

  const lacks = (what: RegExp) => (error: unknown) =>
    error instanceof GuestError && error.code === 'GUEST_KERNEL' && what.test(error.message);

  test('a kernel without FUSE is refused by name', () => {
    const dep = old.dep.replace(/.*fuse\.ko:\n/, '');
    assert.throws(
      () => chooseModules('mine', parseModuleLists({ ...old, dep }), undefined),
      lacks(/^kernel mine lacks .*: fuse \(CONFIG_FUSE_FS\)$/),
    );
  });

  const config = [
    'VIRTIO_PCI',
    'VIRTIO_BLK',
    'VIRTIO_CONSOLE',
    'EXT4_FS',
    'FUSE_FS',
    'BLK_DEV_INITRD',
    'RD_GZIP',
    'DEVTMPFS',
    'TMPFS',
  ]
    .map((name) => `CONFIG_${name}=y\n`)
    .join('');

  test('a kernel without modules has all of it built in, or is refused as far as its configuration is known', () => {
    assert.deepEqual(chooseModules('k', undefined, config), { atBoot: [], all: [] });
    assert.deepEqual(chooseModules('k', undefined, undefined), { atBoot: [], all: [] });
    const modular = config.replace('CONFIG_FUSE_FS=y', 'CONFIG_FUSE_FS=m');
    assert.throws(
      () => chooseModules('k', undefined, modular),
      lacks(/fuse.*give the directory of its modules/),
    );
    assert.throws(
      () =>
        chooseModules(
          'k',
          parseModuleLists(old),
          config.replace('CONFIG_DEVTMPFS=y', '# CONFIG_DEVTMPFS is not set'),
        ),
      lacks(/CONFIG_DEVTMPFS/),
    );
  });
});
