/** A trace instance on the running kernel: made, an event seen through it, and gone. */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseTracePayload } from '../../../src/kernel/trace-events.js';
import { parseTraceLine, type TraceEventLine } from '../../../src/kernel/trace-line.js';
import { listTraceInstances, TraceInstance } from '../../../src/kernel/tracefs.js';
import { requires, root } from '../../support/requirement.js';
import { tracingFor } from '../../support/tracefs.js';

const needs = requires(root);

function create(context: { after: (fn: () => void) => void }): { tracing: string; instance: TraceInstance } {
  let instance: TraceInstance | undefined;
  // Registered first, so that it runs before tracefs is unmounted.
  context.after(() => instance?.remove());
  const tracing = tracingFor(context);
  instance = TraceInstance.create(tracing, `stuckfs-test-${process.pid}`);
  return { tracing, instance };
}

function eventsOf(instance: TraceInstance): TraceEventLine[] {
  return instance
    .readTrace()
    .trimEnd()
    .split('\n')
    .map((line, index) => parseTraceLine(line, 'trace', index + 1))
    .filter((line) => line.kind === 'event');
}

test(
  'an event that is enabled is seen, one that is not is not, and the instance is gone after remove',
  needs,
  (t) => {
    const { tracing, instance } = create(t);
    const added = { system: 'filemap', event: 'mm_filemap_add_to_page_cache' };
    instance.setTraceClock('mono');
    assert.equal(instance.traceClock(), 'mono');
    instance.setBufferSizeKb(512);
    const directory = mkdtempSync(join(import.meta.dirname, 'trace-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));

    writeFileSync(join(directory, 'before'), 'x');
    assert.deepEqual(eventsOf(instance), []);

    assert.equal(instance.hasEvent(added), true);
    assert.equal(instance.readFormat(added).name, 'mm_filemap_add_to_page_cache');
    instance.enableEvent(added);
    const beforeUs = Number(process.hrtime.bigint() / 1000n);
    const fd = openSync(join(directory, 'data'), 'w');
    writeSync(fd, Buffer.alloc(65536, 1));
    fsyncSync(fd);
    closeSync(fd);
    const afterUs = Number(process.hrtime.bigint() / 1000n) + 1;
    instance.disableEvent(added);

    const mine = eventsOf(instance).filter((line) => line.pid === process.pid);
    assert.ok(mine.length > 0, 'an event of this process');
    for (const line of mine) {
      assert.ok(line.timestampUs >= beforeUs && line.timestampUs <= afterUs, 'the clock of process.hrtime');
      assert.equal(line.event, added.event);
      assert.ok(parseTracePayload('mm_filemap_add_to_page_cache', line.payload).pfn > 0);
    }
    assert.ok(listTraceInstances(tracing).includes(instance.name));
    instance.remove();
    assert.equal(existsSync(instance.directory), false);
    assert.equal(listTraceInstances(tracing).includes(instance.name), false);
    instance.remove();
  },
);

test(
  'a filter that no event passes keeps the trace empty, and a filter that is wrong is refused',
  needs,
  (t) => {
    const { instance } = create(t);
    const added = { system: 'filemap', event: 'mm_filemap_add_to_page_cache' };
    assert.equal(instance.hasEvent({ ...added, event: 'no_such_event' }), false);
    assert.throws(() => instance.enableEvent(added, 'no_such_field == 1'), /no_such_field/);
    instance.enableEvent(added, 'i_ino == 0xfffffffffffffff1');
    const directory = mkdtempSync(join(import.meta.dirname, 'trace-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    writeFileSync(join(directory, 'data'), Buffer.alloc(65536, 1));
    assert.deepEqual(eventsOf(instance), []);
  },
);

test('what does not fit the buffer is counted as lost', needs, (t) => {
  const { instance } = create(t);
  instance.setBufferSizeKb(4);
  assert.equal(instance.countLostEvents(), 0);
  const fd = openSync(instance.traceMarkerPath, 'w');
  for (let line = 0; line < 2000; line++) writeSync(fd, `marker ${line} ${'x'.repeat(80)}\n`);
  closeSync(fd);
  const entries = instance.readStats().reduce((sum, cpu) => sum + cpu.entries, 0);
  assert.ok(instance.countLostEvents() > 0);
  assert.equal(instance.countLostEvents() + entries, 2000);
});
