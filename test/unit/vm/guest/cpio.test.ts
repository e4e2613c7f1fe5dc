import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type CpioEntry, cpioArchive } from '../../../../src/vm/guest/cpio.js';

interface Member {
  readonly name: string;
  readonly mode: number;
  readonly owner: readonly [number, number];
  readonly rdev: readonly [number, number];
  readonly body: string;
}

/** Reads `newc` as init/initramfs.c does: fields of eight hex digits, name and body padded to four bytes. */
function members(archive: Buffer): Member[] {
  const found: Member[] = [];
  for (let at = 0; at < archive.length; ) {
    assert.equal(archive.toString('latin1', at, at + 6), '070701', `magic at ${at}`);
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [mode, uid, gid, bytes, nameBytes] = [field(1), field(2), field(3), field(6), field(11)];
    const rdev = [field(9), field(10)] as const;
    const name = archive.toString('utf8', at + 110, at + 110 + nameBytes - 1);
    assert.equal(archive[at + 110 + nameBytes - 1], 0);
    const start = (at + 110 + nameBytes + 3) & ~3;
    at = (start + bytes + 3) & ~3;
    if (name === 'TRAILER!!!') {
      assert.equal(at, archive.length);
      return found;
    }
    found.push({ name, mode, owner: [uid, gid], rdev, body: archive.toString('utf8', start, start + bytes) });
  }
  assert.fail('no trailer');
}

const entries: CpioEntry[] = [
  { kind: 'directory', path: 'bin' },
  { kind: 'file', path: '/bin/one', bytes: Buffer.from('x'), mode: 0o755 },
  { kind: 'file', path: 'bin/vier', bytes: Buffer.from('vier') },
  { kind: 'file', path: 'bin/grün', bytes: Buffer.alloc(0) },
  { kind: 'link', path: 'bin/sh', target: 'one' },
  { kind: 'character-device', path: 'console', major: 5, minor: 1 },
];

test('what is written is read back, each with its kind, and all of it belongs to root', () => {
  assert.deepEqual(members(cpioArchive(entries)), [
    { name: 'bin', mode: 0o040755, owner: [0, 0], rdev: [0, 0], body: '' },
    { name: 'bin/one', mode: 0o100755, owner: [0, 0], rdev: [0, 0], body: 'x' },
    { name: 'bin/vier', mode: 0o100644, owner: [0, 0], rdev: [0, 0], body: 'vier' },
    { name: 'bin/grün', mode: 0o100644, owner: [0, 0], rdev: [0, 0], body: '' },
    { name: 'bin/sh', mode: 0o120777, owner: [0, 0], rdev: [0, 0], body: 'one' },
    { name: 'console', mode: 0o020600, owner: [0, 0], rdev: [5, 1], body: '' },
  ]);
});

test('the same entries make the same bytes', () => {
  assert.deepEqual(cpioArchive(entries), cpioArchive(entries));
});

const hasBusybox = spawnSync('busybox', ['cpio', '--help']).status === 0;
test(
  'busybox lists it',
  hasBusybox ? {} : { skip: 'busybox is missing: run apt-get install busybox-static' },
  () => {
    const { stdout, status } = spawnSync('busybox', ['cpio', '-t'], {
      input: cpioArchive(entries),
      encoding: 'utf8',
    });
    assert.equal(status, 0);
    assert.deepEqual(stdout.trim().split('\n'), [
      'bin',
      'bin/one',
      'bin/vier',
      'bin/grün',
      'bin/sh',
      'console',
    ]);
  },
);
