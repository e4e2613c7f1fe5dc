import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { KmsgReader, type KmsgSource, parseKmsgRecord } from '../../../src/kernel/kmsg.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

test('a record with a dictionary, escapes, and a caller', () => {
  assert.deepEqual(
    parseKmsgRecord(
      '30,339,5140900,-,caller=T66;NET: caf\\xc3\\xa9 \\x5cx41\\x0a;end\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:1c.0\n',
    ),
    {
      level: 6,
      facility: 3,
      sequence: 339,
      timestampUs: 5140900,
      flags: '-',
      text: 'NET: café \\x41\n;end',
      dictionary: new Map([
        ['SUBSYSTEM', 'pci'],
        ['DEVICE', '+pci:0000:00:1c.0'],
      ]),
    },
  );
});

test('an empty text and a continued line are records', () => {
  const record = parseKmsgRecord('4,1,0,c;\n');
  assert.deepEqual([record.level, record.text, record.flags, record.dictionary.size], [4, '', 'c', 0]);
});

test('what is no record is malformed', () => {
  for (const bad of [
    '',
    'text',
    '4,1,0;text',
    'x,1,0,-;text',
    '4,1,0,-;text\nSUBSYSTEM=pci',
    '4,1,0,-;text\n SUBSYSTEM',
  ]) {
    assert.throws(
      () => parseKmsgRecord(bad),
      kernelFileError('KERNEL_FILE_MALFORMED', { file: '/dev/kmsg' }),
    );
  }
});

/** A log that gives these records or errors, then EAGAIN. */
function log(...initial: (string | number)[]): KmsgSource & { queue: (string | number)[]; closed: number } {
  const source = {
    queue: initial,
    closed: 0,
    read: (buffer: Uint8Array) => {
      const next = source.queue.shift() ?? -Errno.EAGAIN;
      if (typeof next === 'number') return next;
      return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length).write(next);
    },
    close: () => {
      source.closed++;
    },
  };
  return source;
}

test('each record is read once', () => {
  const source = log();
  const reader = new KmsgReader(source);
  assert.deepEqual(reader.readNew(), []);
  source.queue.push('6,10,2,-;new\n', '6,11,3,-;newer\n');
  assert.deepEqual(
    reader.readNew().map(({ text, lostBefore }) => [text, lostBefore]),
    [
      ['new', 0],
      ['newer', 0],
    ],
  );
  assert.deepEqual(reader.readNew(), []);
  reader.close();
  assert.equal(source.closed, 1);
});

test('records that were overwritten are counted by the gap in the numbers', () => {
  const source = log();
  const reader = new KmsgReader(source);
  source.queue.push(
    '6,6,2,-;a\n',
    -Errno.EPIPE,
    '6,20,3,-;b\n',
    -Errno.EPIPE,
    '6,23,3,-;c\n',
    '6,24,3,-;d\n',
  );
  assert.deepEqual(
    reader.readNew().map(({ text, lostBefore }) => [text, lostBefore]),
    [
      ['a', 0],
      ['b', 13],
      ['c', 2],
      ['d', 0],
    ],
  );
});

test('a loss before the first record is known, and not how much it was', () => {
  const source = log();
  const reader = new KmsgReader(source);
  source.queue.push(-Errno.EPIPE, '6,20,3,-;b\n');
  assert.deepEqual(
    reader.readNew().map(({ text, lostBefore }) => [text, lostBefore]),
    [['b', 1]],
  );
});

test('another error is kept', (t) => {
  const source = log();
  const reader = new KmsgReader(source);
  source.queue.push(-Errno.EIO);
  assert.throws(() => reader.readNew(), kernelFileError('KERNEL_FILE_UNREADABLE', { errno: Errno.EIO }));
  assert.throws(
    () => KmsgReader.open(fakeRoot(t, {})),
    kernelFileError('KERNEL_FILE_UNREADABLE', { errno: Errno.ENOENT }),
  );
});
