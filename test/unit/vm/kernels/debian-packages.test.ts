import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupKernels, KernelStanzas, parsePackages } from '../../../../src/vm/kernels/debian-packages.js';
import { stanza } from './stanza.js';

function kernelsOf(...stanzas: readonly string[]) {
  const kept = new KernelStanzas();
  // In pieces that end anywhere, as a pipe gives them.
  for (const piece of `${stanzas.join('\n\n')}\n`.match(/[\s\S]{1,37}/g) ?? []) kept.add(piece);
  return groupKernels(parsePackages(kept.end()));
}

test('stock cloud kernels for amd64, newest first, and nothing else', () => {
  const { kernels, withoutModules } = kernelsOf(
    stanza('linux-image-6.18.9+deb13-cloud-amd64', '6.18.9-1'),
    stanza('linux-image-6.18.15+deb13-cloud-amd64', '6.18.15-1'),
    stanza('linux-image-6.18.16+deb13-cloud-amd64-unsigned', '6.18.16-1'),
    stanza('linux-image-6.18.16+deb13-cloud-amd64-dbg', '6.18.16-1'),
    stanza('linux-image-6.18.16+deb13-amd64', '6.18.16-1'),
    stanza('linux-image-6.18.16+deb13-rt-amd64', '6.18.16-1'),
    stanza('linux-image-6.18.16+deb13-cloud-arm64', '6.18.16-1'),
    stanza('linux-image-cloud-amd64', '6.18.16-1'),
    stanza('linux-image-6.12-cloud-amd64', '6.12.1-1'),
    stanza('linux-doc-6.18', '6.18.16-1'),
  );
  assert.deepEqual(
    kernels.map(({ release, version }) => [release, version]),
    [
      ['6.18.15+deb13-cloud-amd64', '6.18.15-1'],
      ['6.18.9+deb13-cloud-amd64', '6.18.9-1'],
    ],
  );
  assert.deepEqual(withoutModules, []);
  assert.deepEqual(
    kernels[0]?.packages.map(({ name, sha256, sizeBytes, installedBytes }) => [
      name,
      sha256.length,
      sizeBytes,
      installedBytes,
    ]),
    [['linux-image-6.18.15+deb13-cloud-amd64', 64, 1000, 2048]],
  );
});

test('since 6.19 a kernel is several packages', () => {
  const release = '7.3.4+deb13-cloud-amd64';
  const { kernels, withoutModules } = kernelsOf(
    ...['image', 'binary', 'modules', 'base'].map((part) => stanza(`linux-${part}-${release}`, '7.3.4-1')),
    stanza(`linux-binary-unsigned-${release}`, '7.3.4-1'),
    stanza('linux-image-7.1.13+deb13-cloud-amd64', '7.1.13-1'),
    stanza('linux-binary-7.1.13+deb13-cloud-amd64', '7.1.13-1'),
    stanza('linux-image-6.19.14+deb13-cloud-amd64', '6.19.14-1'),
  );
  assert.deepEqual(
    kernels.map(({ packages }) => packages.map(({ name }) => name)),
    [[`linux-binary-${release}`, `linux-modules-${release}`, `linux-base-${release}`]],
  );
  assert.deepEqual(withoutModules, ['7.1.13+deb13-cloud-amd64', '6.19.14+deb13-cloud-amd64']);
});

test('of one package in two versions the newer counts', () => {
  const name = 'linux-image-6.1.0-56-cloud-amd64';
  const { kernels } = kernelsOf(stanza(name, '6.1.192-2'), stanza(name, '6.1.192-10'));
  assert.deepEqual(
    kernels.map(({ version }) => version),
    ['6.1.192-10'],
  );
});

test('a stanza without a checksum, or with no true one, is left out', () => {
  const good = stanza('linux-image-6.18.9+deb13-cloud-amd64', '6.18.9-1');
  assert.equal(parsePackages(good).length, 1);
  for (const broken of [
    good.replace(/^SHA256: .*\n?/m, ''),
    good.replace(/^SHA256: .*$/m, 'SHA256: abc'),
    good.replace(/^Filename: .*\n/m, ''),
    good.replace(/^Size: .*$/m, 'Size: much'),
  ])
    assert.deepEqual(parsePackages(broken), []);
});
