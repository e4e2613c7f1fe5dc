import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMeminfo, readMeminfo } from '../../../src/kernel/meminfo.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

test('amounts in kB, counts of huge pages, and names with parentheses', () => {
  const text = fixture('meminfo-6.18');
  const meminfo = parseMeminfo(text);
  assert.equal(meminfo.size, text.trimEnd().split('\n').length);
  assert.equal(meminfo.get('MemTotal'), Number(/MemTotal:\s+(\d+) kB/.exec(text)?.[1]));
  assert.equal(meminfo.get('HugePages_Total'), 0);
  assert.ok(meminfo.has('Active(file)'));
  assert.equal(meminfo.get('CmaTotal'), undefined);
});

test('another line is malformed', (t) => {
  for (const bad of ['MemFree', 'MemFree: x kB', 'MemFree: 1 MB']) {
    assert.throws(
      () => parseMeminfo(`MemTotal: 1 kB\n${bad}\n`),
      kernelFileError('KERNEL_FILE_MALFORMED', { line: 2 }),
    );
  }
  assert.throws(
    () => readMeminfo(fakeRoot(t, { '/proc/meminfo': '' })),
    kernelFileError('KERNEL_FILE_MALFORMED'),
  );
});
