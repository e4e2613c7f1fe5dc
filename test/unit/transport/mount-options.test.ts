import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { parseMountOptions } from '../../../src/transport/mount-options.js';

// include/uapi/linux/mount.h, written out so that a wrong flag in the product cannot hide behind itself.
const NOSUID = 0x2;
const NODEV = 0x4;
const usual = NOSUID | NODEV;

describe('parseMountOptions', () => {
  it('mounts without set-id and devices and lets the kernel check permissions, unless told otherwise', () => {
    assert.deepEqual(parseMountOptions([]), {
      flags: usual,
      data: ['default_permissions'],
      source: 'stuckfs',
      readOnly: false,
    });
  });

  const flags: readonly (readonly [words: string, flags: number])[] = [
    ['ro', usual | 0x1],
    ['ro,rw', usual],
    ['suid', NODEV],
    ['dev', NOSUID],
    ['suid,nosuid', usual],
    ['dev,nodev', usual],
    ['noexec', usual | 0x8],
    ['noexec,exec', usual],
    ['sync', usual | 0x10],
    ['sync,async', usual],
    ['dirsync', usual | 0x80],
    ['noatime', usual | 0x400],
    ['noatime,atime', usual],
    ['nodiratime', usual | 0x800],
    ['relatime', usual | 0x20_0000],
    ['strictatime', usual | 0x100_0000],
    ['ro,noexec,noatime', usual | 0x409],
  ];
  for (const [words, expected] of flags) {
    it(`${words} is for mount(2): flags ${expected.toString(16)}`, () => {
      const options = parseMountOptions([words]);
      assert.equal(options.flags, expected);
      assert.deepEqual(options.data, ['default_permissions'], 'none of it reaches fuse');
      assert.equal(options.readOnly, (expected & 1) !== 0);
    });
  }

  it('passes the words of fuse on to it, each once and the later value', () => {
    assert.deepEqual(parseMountOptions(['allow_other,max_read=4096', 'allow_other,max_read=131072']).data, [
      'default_permissions',
      'allow_other',
      'max_read=131072',
    ]);
  });

  it('takes the words of several -o, the later ones last', () => {
    assert.equal(parseMountOptions(['ro', 'rw']).readOnly, false);
    assert.equal(parseMountOptions(['rw', 'ro']).readOnly, true);
  });

  it('shows fsname as the device', () => {
    assert.equal(parseMountOptions(['fsname=host:/export/a-b_1@x+y']).source, 'host:/export/a-b_1@x+y');
    assert.equal(parseMountOptions([`fsname=${'x'.repeat(255)}`]).source.length, 255);
  });

  const bad: readonly (readonly [words: string, field: string, value: string])[] = [
    ['nonsense', '-o', 'nonsense'],
    ['ro,nonsense,rw', '-o', 'nonsense'],
    ['', '-o', ''],
    ['ro,', '-o', ''],
    ['RO', '-o', 'RO'],
    [' ro', '-o', ' ro'],
    ['constructor', '-o', 'constructor'],
    ['fd=3', '-o', 'fd=3'],
    ['user_id=1000', '-o', 'user_id=1000'],
    ['rootmode=40000', '-o', 'rootmode=40000'],
    ['subtype=x', '-o', 'subtype=x'],
    ['allow_other=1', '-o', 'allow_other=1'],
    ['max_read', '-o', 'max_read'],
    ['max_read=', '-o max_read', ''],
    ['max_read=4095', '-o max_read', '4095'],
    ['max_read=4294967296', '-o max_read', '4294967296'],
    ['max_read=-1', '-o max_read', '-1'],
    ['max_read=0x10000', '-o max_read', '0x10000'],
    ['max_read=4k', '-o max_read', '4k'],
    ['fsname=', '-o fsname', ''],
    ['fsname=a b', '-o fsname', 'a b'],
    ['fsname=a\\040b', '-o fsname', 'a\\040b'],
    ['fsname=a\nb', '-o fsname', 'a\nb'],
    [`fsname=${'x'.repeat(256)}`, '-o fsname', 'x'.repeat(256)],
  ];
  for (const [words, field, value] of bad) {
    it(`refuses ${JSON.stringify(words.slice(0, 40))} and names what is wrong in it`, () => {
      assert.throws(
        () => parseMountOptions([words]),
        (error) => error instanceof UsageError && error.field === field && error.value === value,
      );
    });
  }

  it('takes the smallest and the largest max_read', () => {
    assert.ok(parseMountOptions(['max_read=4096']).data.includes('max_read=4096'));
    assert.ok(parseMountOptions(['max_read=4294967295']).data.includes('max_read=4294967295'));
  });
});
