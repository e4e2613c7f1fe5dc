import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseVmstat, readVmstat, refreshVmstat } from '../../../src/kernel/vmstat.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

test('every line is a counter, and one that the kernel lacks is undefined', () => {
  const text = fixture('vmstat-6.18');
  const vmstat = parseVmstat(text);
  assert.equal(vmstat.size, text.trimEnd().split('\n').length);
  const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  assert.equal(vmstat.get('nr_free_pages'), value('nr_free_pages'));
  assert.equal(vmstat.get('compact_fail'), value('compact_fail'));
  assert.equal(vmstat.get('nr_writeback_temp'), undefined);
});

test('a 6.1 counter is there where the kernel has it', () => {
  assert.equal(parseVmstat('nr_writeback 0\nnr_writeback_temp 16384\n').get('nr_writeback_temp'), 16384);
});

test('a line that is no pair, and an empty file, are malformed', (t) => {
  for (const bad of ['nr_free_pages', 'nr_free_pages x', 'a 1 2', ' 1']) {
    assert.throws(() => parseVmstat(`a 1\n${bad}\n`), kernelFileError('KERNEL_FILE_MALFORMED', { line: 2 }));
  }
  assert.throws(
    () => readVmstat(fakeRoot(t, { '/proc/vmstat': '' })),
    kernelFileError('KERNEL_FILE_MALFORMED'),
  );
  assert.throws(() => readVmstat(fakeRoot(t, {})), kernelFileError('KERNEL_FILE_UNREADABLE', { errno: 2 }));
});

test('counters are refreshed where that may be asked for, and it is no failure where it may not', (t) => {
  refreshVmstat(fakeRoot(t, {}));
  refreshVmstat(fakeRoot(t, { '/proc/sys/vm/stat_refresh': '' }));
  refreshVmstat();
});
