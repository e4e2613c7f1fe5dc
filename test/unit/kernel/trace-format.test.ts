import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTraceFormat } from '../../../src/kernel/trace-format.js';
import { fixture, kernelFileError } from './fixtures.js';

test('the fields of an event, apart from the common ones', () => {
  const format = parseTraceFormat(fixture('format-mm_migrate_pages-6.18'));
  assert.equal(format.name, 'mm_migrate_pages');
  assert.deepEqual(
    format.fields.map((field) => field.name),
    [
      'succeeded',
      'failed',
      'thp_succeeded',
      'thp_failed',
      'thp_split',
      'large_folio_split',
      'mode',
      'reason',
    ],
  );
  assert.deepEqual(format.fields[6], {
    type: 'enum migrate_mode',
    name: 'mode',
    offset: 56,
    size: 4,
    signed: false,
  });
  assert.equal(format.fields[7]?.signed, true);
  assert.equal(format.commonFields.at(-1)?.name, 'common_pid');
  assert.match(format.printFmt, /^"nr_succeeded=%lu/);
});

test('arrays, dynamic arrays and lengths that are names', () => {
  const format = parseTraceFormat(fixture('format-sched_switch-6.18'));
  assert.deepEqual(format.fields[0], {
    type: 'char',
    name: 'prev_comm',
    offset: 8,
    size: 16,
    signed: false,
    arrayLength: 16,
  });
  const odd = parseTraceFormat(
    'name: x\nID: 7\nformat:\n\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;\n' +
      '\tfield:char comm[TASK_COMM_LEN];\toffset:12;\tsize:16;\tsigned:1;\n' +
      '\tfield:struct page * page;\toffset:32;\tsize:8;\tsigned:0;\n\nprint fmt: "%s"\n',
  );
  assert.deepEqual(odd.fields, [
    { type: '__data_loc char[]', name: 'name', offset: 8, size: 4, signed: false },
    { type: 'char', name: 'comm', offset: 12, size: 16, signed: true },
    { type: 'struct page *', name: 'page', offset: 32, size: 8, signed: false },
  ]);
});

test('a file that is cut off or no format is malformed', () => {
  const text = fixture('format-folio_wait_writeback-6.18');
  assert.equal(parseTraceFormat(text).fields[0]?.arrayLength, 32);
  for (const bad of [
    '',
    text.replace(/^ID:.*\n/m, ''),
    text.replace(/^name:.*\n/m, ''),
    text.replace(/^print fmt:.*\n/m, ''),
    text.replace(/offset:8;/, 'offset:;'),
    text.replace('format:', 'junk'),
  ]) {
    assert.throws(() => parseTraceFormat(bad), kernelFileError('KERNEL_FILE_MALFORMED'));
  }
});
