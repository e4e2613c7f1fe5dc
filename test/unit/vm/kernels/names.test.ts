/** What `--kernel` may be given, which releases it means, and which of them is newer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../../../src/base/errors.js';
import { isExact, isRelease, nearSeries } from '../../../../src/vm/kernels/debian-packages.js';
import { compareVersions } from '../../../../src/vm/kernels/debian-version.js';
import { parseKernelName } from '../../../../src/vm/kernels/kernel-name.js';
import { suitesFor } from '../../../../src/vm/kernels/suites.js';

test('the forms of a name', () => {
  assert.deepEqual(parseKernelName('debian:6.12'), { kind: 'debian', asked: '6.12' });
  assert.deepEqual(parseKernelName('7.3'), { kind: 'debian', asked: '7.3' });
  assert.deepEqual(parseKernelName('debian:6.18.15+deb13'), { kind: 'debian', asked: '6.18.15+deb13' });
  assert.deepEqual(parseKernelName('6.1.0-56-cloud-amd64'), {
    kind: 'debian',
    asked: '6.1.0-56-cloud-amd64',
  });
  assert.deepEqual(parseKernelName('./6.12'), { kind: 'path', file: './6.12' });
  assert.deepEqual(parseKernelName('/src/linux/arch/x86/boot/bzImage').kind, 'path');
  assert.deepEqual(parseKernelName('linux-image-6.12_amd64.deb').kind, 'deb');
  assert.deepEqual(parseKernelName('6.12.1-1_amd64.deb').kind, 'deb');
});

test('wrong words are told with the forms that there are', () => {
  for (const name of [
    '',
    'debian:',
    'debian:foo',
    'debian:6',
    'debian:6.x',
    'fedora:6.12',
    'debian:6.12/../x',
  ])
    assert.throws(
      () => parseKernelName(name),
      (error: unknown) => error instanceof UsageError && /debian:SERIES/.test(error.message),
      name,
    );
});

test('a series means its releases and no others', () => {
  assert.ok(isRelease('6.1.0-56-cloud-amd64', '6.1'));
  assert.ok(!isRelease('6.12.118+deb13-cloud-amd64', '6.1'));
  assert.ok(!isRelease('6.18.15+deb13-cloud-amd64', '6.18.1'));
  assert.ok(isRelease('6.18.15+deb13-cloud-amd64', '6.18.15'));
  assert.ok(isRelease('6.18.15+deb13-cloud-amd64', '6.18.15+deb13-cloud-amd64'));
  assert.ok(isExact('6.18.15+deb13-cloud-amd64', '6.18.15+deb13'));
  assert.ok(!isExact('6.18.15+deb13-cloud-amd64', '6.18.15'));
});

test('versions sort as dpkg sorts them', () => {
  // Each pair as `dpkg --compare-versions OLDER lt NEWER` has it.
  const ascending = [
    ['6.1.0-9-cloud-amd64', '6.1.0-56-cloud-amd64'],
    ['6.12.115+deb13-cloud-amd64', '6.12.115+deb13.1-cloud-amd64'],
    ['6.12.95+deb13-cloud-amd64', '6.12.118+deb13-cloud-amd64'],
    ['7.3.4-1~bpo13+1', '7.3.4-1'],
    ['7.3~rc1-1', '7.3-1'],
    ['7.3.4-1', '7.3.4-1+b1'],
    ['1.0a', '1.0+'],
    ['1.0-1', '1.0+b-1'],
    ['2.0-1', '1:1.0-1'],
  ];
  for (const [older = '', newer = ''] of ascending) {
    assert.ok(compareVersions(older, newer) < 0, `${older} < ${newer}`);
    assert.ok(compareVersions(newer, older) > 0, `${newer} > ${older}`);
  }
  assert.equal(compareVersions('6.18.15-1', '6.18.15-1'), 0);
  assert.equal(compareVersions('6.018', '6.18'), 0);
});

test('near ones are those on either side', () => {
  const available = ['6.1.0-56', '6.12.118', '6.16.12', '6.17.13', '6.18.15', '7.2.12', '7.3.4'];
  assert.deepEqual(nearSeries('6.13', available), ['6.1', '6.12', '6.16', '6.17']);
  assert.deepEqual(nearSeries('8.0', available), ['6.17', '6.18', '7.2', '7.3']);
  assert.deepEqual(nearSeries('5.10', available), ['6.1', '6.12', '6.16', '6.17']);
  assert.deepEqual(nearSeries('6.13', []), []);
});

test('a series is looked for first where it was made', () => {
  assert.deepEqual(
    suitesFor('6.1')
      .slice(0, 2)
      .map(({ name }) => name),
    ['bookworm-security', 'bookworm'],
  );
  assert.equal(suitesFor('6.12.118')[0]?.name, 'trixie-security');
  assert.equal(suitesFor('7.3')[0]?.name, 'trixie-backports');
  assert.equal(new Set(suitesFor('7.3')).size, suitesFor('6.1').length);
});
