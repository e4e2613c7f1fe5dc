import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTraceLine } from '../../../src/kernel/trace-line.js';
import { fixture, kernelFileError } from './fixtures.js';

const lines = fixture('trace-6.18').trimEnd().split('\n');

test('every line of a capture is an event, a loss or a comment', () => {
  const parsed = lines.map((line) => parseTraceLine(line));
  assert.deepEqual(
    parsed.map((line) => line.kind),
    lines.map((line) => (line.startsWith('#') ? 'comment' : line.startsWith('CPU:') ? 'lost' : 'event')),
  );
  assert.deepEqual(
    parsed.flatMap((line) => (line.kind === 'event' ? [`${line.comm} ${line.pid} ${line.cpu}`] : [])),
    [
      'dd 10519 1',
      'sync 10524 1',
      'a b-7 [1] c 10522 1',
      'a b-7 [1] c 10522 1',
      'x y-1 10523 1',
      '<...> 10533 1',
      'tsc 10650 0',
      'tsc 10650 0',
      'npm 11894 0',
      'npm 11893 0',
      'bash 11910 0',
      '<...> 11936 0',
    ],
  );
});

test('an event with its time in whole microseconds, and its payload as it stands', () => {
  assert.deepEqual(parseTraceLine(lines[12] ?? ''), {
    kind: 'event',
    comm: 'dd',
    pid: 10519,
    cpu: 1,
    timestampUs: 1827371831,
    event: 'folio_wait_writeback',
    payload: 'bdi 254:0: ino=2146539 index=0',
  });
});

test('a loss with and without its number', () => {
  assert.deepEqual(parseTraceLine('CPU:0 [LOST 3629 EVENTS]'), { kind: 'lost', cpu: 0, count: 3629 });
  assert.deepEqual(parseTraceLine('CPU:12 [LOST EVENTS]'), { kind: 'lost', cpu: 12 });
});

test('lines of 5.x (four flags), without flags, with an empty payload and with text that looks like a line', () => {
  const event = (line: string) => {
    const parsed = parseTraceLine(line);
    assert.equal(parsed.kind, 'event');
    return parsed.kind === 'event' ? parsed : undefined;
  };
  assert.equal(
    event('            bash-10515   [000] d..2  1.000001: mm_migrate_pages_start: mode=x')?.timestampUs,
    1000001,
  );
  assert.equal(event('            bash-10515   [127] 99999.000001: some_event: ')?.payload, '');
  assert.equal(event('            bash-10515   [000] .....  1.000001: empty:')?.event, 'empty');
  const copied = event(
    '            bash-10515   [000] .....  1.000001: tracing_mark_write: x-1 [001] ..... 2.0: y: z',
  );
  assert.equal(copied?.payload, 'x-1 [001] ..... 2.0: y: z');
  assert.equal(copied?.pid, 10515);
});

test('a command of several-byte characters takes fewer columns', () => {
  const parsed = parseTraceLine('          w\u00f6rk-x-4242    [003] .....   12.000250: e: p');
  assert.deepEqual(parsed.kind === 'event' && [parsed.comm, parsed.pid, parsed.timestampUs], [
    'w\u00f6rk-x',
    4242,
    12000250,
  ]);
});

test('anything else is malformed, with the number of the line', () => {
  for (const bad of [
    'junk',
    '            bash-10515   [000] .....  1827.368856',
    '            bash [000] ..... 1.000000: e: p',
    'CPU:x [LOST 1 EVENTS]',
  ]) {
    assert.throws(
      () => parseTraceLine(bad, 'trace.txt', 9),
      kernelFileError('KERNEL_FILE_MALFORMED', { file: 'trace.txt', line: 9 }),
    );
  }
});
