import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Errno } from '../../../src/base/errno.js';
import {
  errnoOf,
  isMissing,
  KernelFileError,
  linesOf,
  malformed,
  parseCount,
  parseInteger,
  readKernelFile,
  readKernelFileIfPresent,
} from '../../../src/kernel/kernel-file.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

test('a missing file keeps its errno and its cause, and is named without the injected root', (t) => {
  const root = fakeRoot(t, { '/proc/there': 'x\n' });
  assert.equal(readKernelFile('/proc/there', root), 'x\n');
  assert.throws(
    () => readKernelFile('/proc/gone', root),
    (error) => {
      assert.ok(error instanceof KernelFileError);
      assert.equal(error.code, 'KERNEL_FILE_UNREADABLE');
      assert.equal(error.errno, Errno.ENOENT);
      assert.equal(error.file, '/proc/gone');
      assert.ok(error.cause instanceof Error);
      assert.match(error.message, /^\/proc\/gone: .*\(ENOENT\)$/);
      return isMissing(error);
    },
  );
  assert.equal(readKernelFileIfPresent('/proc/gone', root), undefined);
});

test('a directory in place of a file is no missing file', (t) => {
  const root = fakeRoot(t, { '/proc/dir/file': '' });
  assert.throws(
    () => readKernelFileIfPresent('/proc/dir', root),
    kernelFileError('KERNEL_FILE_UNREADABLE', { errno: Errno.EISDIR }),
  );
});

test('a malformed file is named with its line and what was expected', () => {
  const error = malformed('/proc/x', 3, 'a name', 'junk');
  assert.equal(error.message, '/proc/x:3: expected a name, found "junk"');
  assert.equal(isMissing(error), false);
});

test('a count is decimal digits within the safe integers', () => {
  assert.equal(parseCount('9007199254740991', 'f', 1, 'n'), Number.MAX_SAFE_INTEGER);
  for (const bad of ['9007199254740992', '', '-1', '1.5', '0x10', ' 1', undefined]) {
    assert.throws(
      () => parseCount(bad, 'f', 7, 'n'),
      kernelFileError('KERNEL_FILE_MALFORMED', { file: 'f', line: 7 }),
    );
  }
  assert.equal(parseInteger('-12', 'f', 1, 'n'), -12);
  assert.throws(() => parseInteger('--1', 'f', 1, 'n'), kernelFileError('KERNEL_FILE_MALFORMED'));
});

test('lines end with a newline, and an empty line inside is kept', () => {
  assert.deepEqual(linesOf('a\n\nb\n'), ['a', '', 'b']);
  assert.deepEqual(linesOf(''), []);
});

test("an errno that is zlib's is no errno", () => {
  assert.throws(
    () => gunzipSync('junk'),
    (error: Error & { errno?: number }) => error.errno === -3 && errnoOf(error) === undefined,
  );
});
