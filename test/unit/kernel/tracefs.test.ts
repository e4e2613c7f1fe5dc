import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { parseMountinfo } from '../../../src/kernel/mountinfo.js';
import {
  findTracing,
  listTraceInstances,
  parseTraceStats,
  TraceInstance,
} from '../../../src/kernel/tracefs.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

const event = { system: 'writeback', event: 'folio_wait_writeback' };
const stats = (overrun: number) =>
  `entries: 6\noverrun: ${overrun}\ncommit overrun: 1\nbytes: 264\noldest event ts:  1827.368856\nnow ts:  1827.385442\ndropped events: 2\nread events: 89\n`;

/** A directory that looks like tracefs; the kernel would fill a new instance, here the test does. */
function fakeTracing(context: TestContext): { tracing: string; fill: (instance: TraceInstance) => void } {
  const tracing = fakeRoot(context, { '/instances/other/trace': '' });
  return {
    tracing,
    fill: ({ directory }) => {
      mkdirSync(join(directory, 'events/writeback/folio_wait_writeback'), { recursive: true });
      for (const cpu of ['cpu0', 'cpu1', 'cpu10']) {
        mkdirSync(join(directory, 'per_cpu', cpu), { recursive: true });
        writeFileSync(join(directory, 'per_cpu', cpu, 'stats'), stats(10));
      }
      for (const file of ['buffer_size_kb', 'tracing_on', 'trace']) writeFileSync(join(directory, file), '');
      writeFileSync(join(directory, 'trace_clock'), 'local global [mono] boot\n');
      for (const file of ['enable', 'filter'])
        writeFileSync(join(directory, 'events/writeback/folio_wait_writeback', file), '');
      writeFileSync(
        join(directory, 'events/writeback/folio_wait_writeback/format'),
        fixture('format-folio_wait_writeback-6.18'),
      );
    },
  };
}

test('tracefs is found by its type, else below debugfs, else not at all', () => {
  assert.equal(findTracing(parseMountinfo(fixture('mountinfo'))), '/sys/kernel/tracing');
  const debugfs = '7 1 0:7 / /sys/kernel/debug rw - debugfs debugfs rw\n';
  const automounted = '8 7 0:13 / /sys/kernel/debug/tracing rw - tracefs tracefs rw\n';
  assert.equal(findTracing(parseMountinfo(debugfs)), '/sys/kernel/debug/tracing');
  assert.equal(findTracing(parseMountinfo(debugfs + automounted)), '/sys/kernel/debug/tracing');
  assert.equal(findTracing(parseMountinfo('1 1 0:2 / / rw - rootfs rootfs rw\n')), undefined);
});

test('an instance is made, set up, read and listed', (t) => {
  const { tracing, fill } = fakeTracing(t);
  const instance = TraceInstance.create(tracing, 'stuckfs-1');
  fill(instance);
  const content = (name: string) => readFileSync(join(instance.directory, name), 'utf8');
  instance.setBufferSizeKb(4096);
  instance.enableEvent(event, 'ino == 2');
  instance.setTracingOn(true);
  assert.equal(content('buffer_size_kb'), '4096');
  assert.equal(content('events/writeback/folio_wait_writeback/filter'), 'ino == 2');
  assert.equal(content('events/writeback/folio_wait_writeback/enable'), '1');
  instance.disableEvent(event);
  assert.equal(content('events/writeback/folio_wait_writeback/enable'), '0');
  assert.equal(content('tracing_on'), '1');
  assert.equal(instance.traceClock(), 'mono');
  assert.equal(instance.hasEvent(event), true);
  assert.equal(instance.hasEvent({ system: 'fuse', event: 'fuse_request_send' }), false);
  assert.equal(instance.readFormat(event).name, 'folio_wait_writeback');
  assert.deepEqual(
    instance.readStats().map(({ cpu }) => cpu),
    [0, 1, 10],
  );
  assert.equal(instance.countLostEvents(), 3 * (10 + 1 + 2));
  assert.equal(instance.tracePipePath, join(instance.directory, 'trace_pipe'));
  assert.deepEqual(listTraceInstances(tracing).sort(), ['other', 'stuckfs-1']);
  assert.equal(TraceInstance.open(tracing, 'stuckfs-1').directory, instance.directory);
});

test("somebody else's instance is not taken, and a missing event is an error that is kept", (t) => {
  const { tracing, fill } = fakeTracing(t);
  assert.throws(
    () => TraceInstance.create(tracing, 'other'),
    kernelFileError('KERNEL_FILE_UNREADABLE', { errno: Errno.EEXIST }),
  );
  assert.throws(() => TraceInstance.create(tracing, '../x'), kernelFileError('KERNEL_FILE_MALFORMED'));
  const instance = TraceInstance.create(tracing, 'mine');
  fill(instance);
  assert.throws(
    () => instance.enableEvent({ system: 'fuse', event: 'fuse_request_send' }),
    kernelFileError('KERNEL_FILE_UNREADABLE', { errno: Errno.ENOENT }),
  );
});

test('removing what is gone is no error, removing what is busy is', (t) => {
  const { tracing, fill } = fakeTracing(t);
  TraceInstance.open(tracing, 'never-was').remove();
  const instance = TraceInstance.create(tracing, 'mine');
  fill(instance);
  assert.throws(
    () => instance.remove(),
    kernelFileError('KERNEL_FILE_UNREADABLE', { errno: Errno.ENOTEMPTY }),
  );
  assert.equal(readFileSync(join(instance.directory, 'tracing_on'), 'utf8'), '0');
});

test('statistics of a CPU, with what an older kernel lacks absent', () => {
  assert.deepEqual(parseTraceStats(stats(10), 1), {
    cpu: 1,
    entries: 6,
    overrun: 10,
    commitOverrun: 1,
    droppedEvents: 2,
    readEvents: 89,
  });
  assert.equal(parseTraceStats('entries: 0\noverrun: 0\ncommit overrun: 0\n', 0).droppedEvents, undefined);
  for (const bad of ['entries: 0\noverrun: x\ncommit overrun: 0\n', 'entries: 0\n', 'junk\n']) {
    assert.throws(() => parseTraceStats(bad, 0), kernelFileError('KERNEL_FILE_MALFORMED'));
  }
});
