import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { libfuseOptions, refuseForLibfuse } from '../../../../src/transport/libfuse/options.js';
import { parseMountOptions } from '../../../../src/transport/mount-options.js';

const wishes = { maxBackground: 4096, attrTimeoutMs: 1500, entryTimeoutMs: 0 };
const words = (...given: readonly string[]) =>
  libfuseOptions(parseMountOptions(given), wishes).slice(2).split(',');

describe('libfuseOptions', () => {
  test('is one argument with what we rely on', () => {
    assert.equal(
      libfuseOptions(parseMountOptions([]), wishes),
      '-ofsname=stuckfs,subtype=stuckfs,default_permissions,big_writes,kernel_cache,use_ino,' +
        'max_background=4096,congestion_threshold=4096,attr_timeout=1.500,entry_timeout=0.000,negative_timeout=0.000',
    );
  });

  test('passes on what was checked', () => {
    const given = words('ro,noexec,allow_other', 'fsname=a/b:c', 'max_read=8192');
    for (const word of ['ro', 'noexec', 'allow_other', 'fsname=a/b:c', 'max_read=8192']) {
      assert.ok(given.includes(word), word);
    }
    assert.ok(!given.includes('suid') && !given.includes('dev'));
    assert.ok(words('suid,dev').includes('suid') && words('suid,dev').includes('dev'));
  });
});

describe('refuseForLibfuse', () => {
  for (const word of ['nodiratime', 'relatime', 'strictatime']) {
    test(`names ${word}`, () => {
      assert.throws(() => refuseForLibfuse(parseMountOptions([word])), {
        message: new RegExp(`-o: "${word}".*libfuse 2\\.9 has no such option`),
      });
    });
  }
});
