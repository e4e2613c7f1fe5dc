import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeRun } from '../../../src/report/write.js';
import { editEvents, syntheticRun } from './synthetic-run.js';

type Event = Record<string, unknown> & { event: string; arm?: number };

/** The control arm as one of a trigger that asks for huge pages, without the events of these names. */
function allocating(
  t: Parameters<typeof syntheticRun>[0],
  missing: readonly string[] = [],
  says: { allocatesHugePages?: true } = { allocatesHugePages: true },
) {
  const run = syntheticRun(t);
  const arm = 0;
  editEvents(run, (lines) =>
    lines
      .map((line) => JSON.parse(line) as Event)
      .flatMap((event): Event[] => {
        const { atNs } = event;
        if (event.arm !== arm) return [event];
        if (event.event === 'arm-started')
          return [
            { ...event, trigger: 'hugetlb-alloc', ...says },
            { event: 'huge-pages-taken', arm, hugePages: 9, exhausted: true, atNs },
          ];
        if (event.event === 'trigger-ended')
          return [
            { event: 'pageblocks', arm, withStuck: [0x80], given: [0x80], atNs },
            { ...event, wanted: 2, obtained: 1 },
          ];
        return [event];
      })
      .filter((event) => event.arm !== arm || !missing.includes(event.event))
      .map((event) => JSON.stringify(event)),
  );
  return judgeRun(run).cells[0];
}

test('of an arm that asks for huge pages it is told what it got, and out of what', (t) => {
  const cell = allocating(t);
  assert.deepEqual([cell?.outcome, cell?.evidence.cost?.pageblocksFreed], ['migrated', 1]);
  assert.match(cell?.reason ?? '', /1 of 1 pageblocks of the set are huge pages now/);
  // Nobody sampled the counters around the trigger: that is not a rise of 0.
  assert.equal(cell?.evidence.cost?.compactStall, null);
});

for (const names of [['huge-pages-taken'], ['huge-pages-taken', 'pageblocks'], ['pageblocks']])
  test(`without ${names.join(' and ')} it is not judged as if it compacted zones`, (t) => {
    const cell = allocating(t, names);
    assert.deepEqual([cell?.outcome, cell?.verdict, cell?.evidence.cost], ['unknown', 'unknown', null]);
    assert.equal(cell?.reason, `the trigger asks for huge pages, but there is no event ${names[0]}`);
  });

test('nor in a record of before the trigger said so', (t) => {
  const cell = allocating(t, ['huge-pages-taken'], {});
  assert.deepEqual([cell?.outcome, cell?.evidence.cost], ['unknown', null]);
});
