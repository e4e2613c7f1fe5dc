import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { parseHistory } from '../../../src/record/history.js';
import { RunDirectory } from '../../../src/record/run-directory.js';
import { MNT_DETACH, mount, umount2 } from '../../../src/syscall/mount.js';
import { requires, root } from '../../support/requirement.js';

function scratch(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'stuckfs-record-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const usage = (field: string, remedy: RegExp) => (error: unknown) =>
  error instanceof UsageError && error.field === field && remedy.test(error.remedy);

test('what is appended is read back in order, stamped with a clock that does not go back', (t) => {
  const run = RunDirectory.create(join(scratch(t), 'a', 'run'));
  assert.deepEqual(run.events(), []);
  run.append({ event: 'run-started', version: 1, seed: 7, on: 'host', planned: [] });
  run.append({ event: 'arm-ended', arm: 0 });
  run.append({ event: 'run-ended' });
  const events = RunDirectory.open(run.path).events();
  assert.deepEqual(
    events.map(({ atNs: _, ...body }) => body),
    [
      { event: 'run-started', version: 1, seed: 7, on: 'host', planned: [] },
      { event: 'arm-ended', arm: 0 },
      { event: 'run-ended' },
    ],
  );
  const times = events.map(({ atNs }) => atNs);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  assert.ok(Math.abs((times[0] ?? 0) - Number(process.hrtime.bigint())) < 60e9, 'CLOCK_MONOTONIC');
});

test('a directory that exists is not written into', (t) => {
  const path = scratch(t);
  assert.throws(() => RunDirectory.create(path), usage('--out', /exists already/));
  writeFileSync(join(path, 'file'), '');
  assert.throws(() => RunDirectory.create(join(path, 'file')), usage('--out', /exists already/));
});

test('a directory that cannot be made is named, with the reason', (t) => {
  const path = scratch(t);
  writeFileSync(join(path, 'file'), '');
  assert.throws(
    () => RunDirectory.create(join(path, 'file', 'run')),
    usage('--out', /cannot be made: ENOTDIR/),
  );
  // mkdir(2) answers ENOENT there, though the directory above exists.
  assert.throws(() => RunDirectory.create('/proc/stuckfs/run'), usage('--out', /cannot be made/));
});

test('a directory of something else is no run', (t) => {
  assert.throws(() => RunDirectory.open(scratch(t)), usage('run directory', /events\.jsonl/));
  assert.throws(() => RunDirectory.open('/does/not/exist'), usage('run directory', /events\.jsonl/));
});

test('half a line at the end, of a run that was killed, is left out', (t) => {
  const run = RunDirectory.create(join(scratch(t), 'run'));
  run.append({ event: 'arm-ended', arm: 0 });
  appendFileSync(run.artifact('events.jsonl'), '{"event":"arm-end');
  assert.deepEqual(
    run.events().map(({ event }) => event),
    ['arm-ended'],
  );
});

for (const [what, line] of [
  ['no JSON', '{"event":"arm-ended","arm":'],
  ['no object', '7'],
  ['null', 'null'],
  ['an array', '[]'],
  ['no name', '{"atNs":1}'],
  ['no time', '{"event":"run-ended"}'],
  ['an empty line', ''],
] as const) {
  test(`a line in the middle that is not an event (${what}) is told by its number, and the rest is kept`, (t) => {
    const run = RunDirectory.create(join(scratch(t), 'run'));
    run.append({ event: 'arm-ended', arm: 3 });
    appendFileSync(run.artifact('events.jsonl'), `${line}\n`);
    run.append({ event: 'run-ended' });
    const { events, broken } = run.history();
    assert.deepEqual(
      events.map(({ event }) => event),
      ['arm-ended', 'run-ended'],
    );
    assert.deepEqual(
      broken.map(({ line, firstArm, lastArm }) => [line, firstArm, lastArm]),
      [[2, 3, 3]],
    );
  });
}

test('a broken line costs its own arm, the one it stands in, or what follows where it may be about all', () => {
  const line = (event: object) => `${JSON.stringify({ atNs: 1, ...event })}\n`;
  const started = (arm: number) => line({ event: 'arm-ended', arm });
  const all = Number.MAX_SAFE_INTEGER;
  const costs = (...lines: string[]) =>
    parseHistory(lines.join('')).broken.map(({ problem, firstArm, lastArm }) => [problem, firstArm, lastArm]);
  assert.deepEqual(costs('half\n', started(0)), [['is not JSON', -1, -1]]);
  assert.deepEqual(costs(started(4), line({ event: 'placed', arm: 5 })), [
    ['is no event placed: zone: Invalid input: expected object, received undefined', 5, 5],
  ]);
  assert.deepEqual(costs(started(4), line({ event: 'shiny', arm: 4 })), [
    ['is an event of no known kind: shiny', 4, 4],
  ]);
  assert.deepEqual(costs(started(4), line({ event: 'toString' }), started(5)), [
    ['is an event of no known kind: toString', 4, all],
  ]);
  assert.deepEqual(costs(started(4), line({ event: 'run-ended', arm: -1 })), []);
});

test('a history that is asked for again while the run goes on is that of all the lines', (t) => {
  const run = RunDirectory.create(join(scratch(t), 'run'));
  const file = run.artifact('events.jsonl');
  const same = () => assert.deepEqual(run.history(), parseHistory(readFileSync(file, 'utf8')));
  run.append({ event: 'arm-ended', arm: 3 });
  same();
  const { events } = run.history();
  // Half a line, which is an event once it is whole.
  appendFileSync(file, 'no JSON\n{"event":"run-en');
  same();
  appendFileSync(file, 'ded","atNs":1}\n{}\n');
  same();
  assert.equal(run.history().events.length, 2);
  assert.deepEqual(
    run.history().broken.map(({ line, firstArm }) => [line, firstArm]),
    [
      [2, 3],
      [4, 3],
    ],
  );
  // What was given out stays as it was.
  assert.equal(events.length, 1);
  writeFileSync(file, `${JSON.stringify({ event: 'arm-ended', arm: 7, atNs: 1 })}\n`);
  same();
  assert.equal(run.history().events.length, 1);
});

test('a table of numbers comes back as it was written, with -1 for what is absent', (t) => {
  const run = RunDirectory.create(join(scratch(t), 'run'));
  const numbers = [0, -1, 0x105a00, 2 ** 40 + 3];
  run.write('pfns/stuck.bin', new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer));
  assert.deepEqual([...(run.readNumbers('pfns/stuck.bin') ?? [])], numbers);
  assert.equal(run.readNumbers('pfns/none.bin'), undefined);
  // Cut in the middle of a number.
  run.write('pfns/cut.bin', readFileSync(run.artifact('pfns', 'stuck.bin')).subarray(0, 29));
  assert.deepEqual([...(run.readNumbers('pfns/cut.bin') ?? [])], numbers.slice(0, 3));
});

test('an artifact of text comes back; one that the run did not get to is absent', (t) => {
  const run = RunDirectory.create(join(scratch(t), 'run'));
  run.write('new/deep/format.txt', 'text\n');
  assert.equal(run.read('new/deep/format.txt'), 'text\n');
  assert.equal(run.read('trace.txt'), undefined);
});

test('an artifact lies inside, and a name that leads out is refused', (t) => {
  const run = RunDirectory.create(join(scratch(t), 'run'));
  assert.equal(run.artifact('pfns', '0-stuck.u64'), join(run.path, 'pfns', '0-stuck.u64'));
  const refused = usage('events.jsonl', /lies in the run directory/);
  for (const name of ['../etc/passwd', '/../x', '..', 'pfns/../../x', '.']) {
    assert.throws(() => run.read(name), refused, name);
    assert.throws(() => run.readNumbers(name), refused, name);
    assert.throws(() => run.write(name, ''), refused, name);
  }
  assert.equal(run.read('pfns'), undefined, 'a directory is no artifact');
});

test('a full disk is one line that names the directory', requires(root), (t) => {
  const disk = join(scratch(t), 'disk');
  mkdirSync(disk);
  assert.equal(mount('tmpfs', disk, 'tmpfs', 0, 'size=64k'), 0);
  try {
    const run = RunDirectory.create(join(disk, 'run'));
    assert.throws(() => run.write('trace.txt', Buffer.alloc(1 << 20)), usage('--out', /ENOSPC/));
    assert.throws(
      () => {
        for (;;) run.append({ event: 'arm-failed', arm: 0, reason: 'x'.repeat(4096) });
      },
      usage('--out', /ENOSPC/),
    );
  } finally {
    umount2(disk, MNT_DETACH);
  }
});
