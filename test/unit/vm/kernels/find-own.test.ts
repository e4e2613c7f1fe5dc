/** A kernel of one's own: the path of a bzImage with or without modules, or a package. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { UsageError } from '../../../../src/base/errors.js';
import { findKernel } from '../../../../src/vm/find-kernel.js';
import { makeBzImage } from '../../../support/kernel-image.js';
import { FakeDebian, goodConfig } from './fake-debian.js';

const debian = new FakeDebian();
after(() => debian[Symbol.dispose]());
const release = '6.19.0-rc3-g1234567';
const said: string[] = [];
const options = {
  cache: debian.cache,
  environment: debian.environment,
  progress: (line: string) => said.push(line),
};
const usage = (text: RegExp) => (error: unknown) =>
  error instanceof UsageError && error.exitStatus === 2 && text.test(error.message);

function file(path: string, content: string | Buffer): string {
  const whole = join(debian.directory, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, content);
  return whole;
}

/** As `make modules_install INSTALL_MOD_PATH=ROOT` lays it out; the made-up modinfo reads the file. */
function modules(root: string, of: string, vermagic = of): string {
  file(`${root}/lib/modules/${of}/kernel/fs/fuse.ko`, `${vermagic} SMP preempt mod_unload`);
  file(`${root}/lib/modules/${of}/modules.dep`, 'kernel/fs/fuse.ko:');
  return join(debian.directory, root);
}

const image = file('tree/arch/x86/boot/bzImage', makeBzImage({ release }));

test('a bzImage alone has no modules, and its tree has the config', async () => {
  assert.deepEqual(await findKernel(image, options), {
    name: image,
    release,
    image,
    modules: undefined,
    config: undefined,
    source: { kind: 'path' },
  });
  const config = file('tree/.config', goodConfig.replace('=m', '=y'));
  utimesSync(config, 1000, 1000);
  assert.equal((await findKernel(image, options)).config, config);
  // Configured anew since it was built: nobody knows.
  utimesSync(image, 500, 500);
  assert.equal((await findKernel(image, options)).config, undefined);
});

test('a config that lacks FUSE is refused', async () => {
  const bad = file('bad/arch/x86/boot/bzImage', makeBzImage({ release }));
  utimesSync(file('bad/.config', 'CONFIG_COMPACTION=y\n'), 1000, 1000);
  await assert.rejects(findKernel(bad, options), usage(/lacks CONFIG_FUSE_FS \(FUSE\)/));
});

test('modules are taken from their directory or from the root that they were installed to', async () => {
  const root = modules('mods', release);
  const own = join(root, 'lib/modules', release);
  for (const given of [root, join(root, 'lib/modules'), own])
    assert.equal((await findKernel(image, { ...options, modules: given })).modules, own);
});

test('modules of another release are refused with both named', async () => {
  const root = modules('other', '6.12.1');
  const both = /--modules.*are modules of 6\.12\.1, and the kernel is 6\.19\.0-rc3-g1234567/;
  for (const given of [root, join(root, 'lib/modules/6.12.1')])
    await assert.rejects(findKernel(image, { ...options, modules: given }), usage(both));
  // The name of the directory is right, and what is in it is not.
  const lying = modules('lying', release, '6.12.1');
  await assert.rejects(findKernel(image, { ...options, modules: lying }), usage(both));
});

test('no modules, no directory, no modules.dep', async () => {
  const empty = join(debian.directory, 'empty');
  mkdirSync(empty);
  await assert.rejects(findKernel(image, { ...options, modules: empty }), usage(/holds no modules/));
  await assert.rejects(
    findKernel(image, { ...options, modules: '/nope' }),
    usage(/cannot be read \(ENOENT\)/),
  );
  await assert.rejects(findKernel(image, { ...options, modules: image }), usage(/is no directory/));
  file('raw/kernel/fuse.ko', `${release} SMP`);
  const raw = join(debian.directory, 'raw');
  await assert.rejects(
    findKernel(image, { ...options, modules: raw }),
    usage(/has no modules\.dep; run depmod/),
  );
});

test('an installed kernel brings its own modules and config', async () => {
  const installed = file(`boot/vmlinuz-${release}`, makeBzImage({ release }));
  modules('.', release);
  const config = file(`boot/config-${release}`, goodConfig);
  const kernel = await findKernel(installed, options);
  assert.equal(kernel.modules, join(debian.directory, 'lib/modules', release));
  assert.equal(kernel.config, config);
});

test('what is no kernel for x86-64 is refused with what it is', async () => {
  const arm = Buffer.alloc(0x400);
  arm.write('ARMd', 0x38, 'latin1');
  await assert.rejects(
    findKernel(file('Image', arm), options),
    usage(/is an image for arm64; a bzImage for x86-64/),
  );
  await assert.rejects(findKernel('/nope', options), usage(/no such file/));
  await assert.rejects(findKernel(debian.directory, options), usage(/is no file/));
  await assert.rejects(findKernel(file('no.deb', 'x'), options), usage(/is no Debian package/));
});

test('a package is unpacked once, by its content', async () => {
  const tree = `lib/modules/${release}`;
  const deb = debian.makePackage('own.deb', {
    [`boot/vmlinuz-${release}`]: makeBzImage({ release }),
    [`boot/config-${release}`]: goodConfig,
    [`${tree}/kernel/fuse.ko`]: 'module',
  });
  writeFileSync(`${deb}.fields`, `Package: linux-image-${release}\nVersion: 1\nArchitecture: amd64\n`);
  const kernel = await findKernel(deb, options);
  assert.equal(kernel.release, release);
  assert.deepEqual(kernel.source, { kind: 'deb', file: deb });
  assert.ok(existsSync(join(kernel.modules ?? '', 'modules.dep')));
  const before = said.length;
  assert.deepEqual(await findKernel(deb, options), kernel);
  assert.equal(said.length, before);
});

test('a package for another CPU, of modules alone, or of a kernel and the modules of another', async () => {
  const make = (name: string, files: Readonly<Record<string, string | Buffer>>, architecture = 'amd64') => {
    const deb = debian.makePackage(name, files);
    writeFileSync(`${deb}.fields`, `Package: x\nVersion: 1\nArchitecture: ${architecture}\n`);
    return deb;
  };
  const boot = { [`boot/vmlinuz-${release}`]: makeBzImage({ release }) };
  await assert.rejects(findKernel(make('arm.deb', boot, 'arm64'), options), usage(/is a package for arm64/));
  const mods = { [`usr/lib/modules/${release}/kernel/fuse.ko`]: '' };
  await assert.rejects(
    findKernel(make('mods.deb', mods), options),
    usage(/holds no kernel image.*debian:SERIES/),
  );
  const mixed = { ...boot, 'lib/modules/6.1.0/kernel/fuse.ko': '' };
  await assert.rejects(
    findKernel(make('mixed.deb', mixed), options),
    usage(/modules of 6\.1\.0 for a kernel 6\.19/),
  );
  const left = readdirSync(join(debian.cache, 'kernels')).filter((name) => name.endsWith('.new'));
  assert.deepEqual(left, []);
});
