/** Playing with a boot that boots nothing: what is on disk, what is played again, what a failure costs. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gatherMatrix } from '../../../src/matrix/gather.js';
import { joinShards } from '../../../src/matrix/join-shards.js';
import { MatrixDirectory } from '../../../src/matrix/matrix-directory.js';
import { tell } from '../../../src/matrix/run-matrix.js';
import { VmError } from '../../../src/vm/vm-error.js';
import { aPlan } from './a-plan.js';
import { aMatrix, type Boot, ended, fakeBoot, play, scratch } from './fake-play.js';

const states = (matrix: MatrixDirectory) =>
  matrix.plan.kernels.flatMap((kernel) =>
    matrix.plan.boots.flatMap((boot) =>
      matrix.statesOf(kernel, boot).map((one) => `${kernel.label} ${one.boot.name} ${one.end?.end.kind}`),
    ),
  );

describe('a matrix that is played', () => {
  test('has a run directory with reports for each kernel and boot; nothing is played twice', async (t) => {
    const matrix = aMatrix(t, { words: { scenarios: ['writeback-held'] } });
    const { boot, booted } = fakeBoot(t, ({ words, shape, out, kernel }) => {
      assert.deepEqual(words.slice(0, 4), ['--scenario', 'writeback-held', '--trigger', 'compact']);
      assert.equal(shape.numaNodes, 1);
      assert.ok(!existsSync(out));
      assert.match(kernel.release, /-test$/);
    });
    await play(matrix, boot);
    assert.deepEqual(booted, ['6.1 plain', '6.18 plain']);
    for (const label of ['6.1', '6.18']) {
      const files = readdirSync(join(matrix.path, label, 'plain'));
      for (const name of ['events.jsonl', 'run.json', 'report.html', 'guest.log'])
        assert.ok(files.includes(name), name);
    }
    await play(MatrixDirectory.open('--resume', matrix.path), boot);
    assert.equal(booted.length, 2);
    const table = gatherMatrix([matrix], matrix.path);
    assert.deepEqual(
      table.rows.map(({ kernels }) => kernels.map(({ outcome }) => outcome)),
      [
        ['migrated', 'migrated'],
        ['stalled', 'stalled'],
      ],
    );
    const [place = '', pointer] = table.rows[1]?.kernels[1]?.evidence?.split('#') ?? [];
    assert.equal(pointer, '/cells/1');
    assert.ok(existsSync(join(matrix.path, place)), place);
  });

  test('that was killed goes on: what has no end is played again, from nothing', async (t) => {
    const matrix = aMatrix(t, { words: { scenarios: ['writeback-held'] } });
    const { boot, booted } = fakeBoot(t);
    await play(matrix, boot);
    // As a SIGKILL may leave it: the directory there and no end, and one that was being unpacked.
    rmSync(join(matrix.path, '6.1/plain.end.json'));
    rmSync(join(matrix.path, '6.1/plain/run.json'));
    mkdirSync(join(matrix.path, '6.1/plain.part-abc'));
    writeFileSync(join(matrix.path, '6.18/plain.end.json'), '{"plan":');
    await play(matrix, boot);
    assert.deepEqual(booted, ['6.1 plain', '6.18 plain', '6.1 plain', '6.18 plain']);
    assert.deepEqual(readdirSync(join(matrix.path, '6.1')).sort(), ['plain', 'plain.end.json']);
    assert.ok(existsSync(join(matrix.path, '6.1/plain/run.json')));
  });

  test('loses one cell only to a guest that panics, and plays that one again when it goes on', async (t) => {
    const words = { scenarios: ['healthy', 'writeback-held', 'splice-pinned'] };
    const matrix = aMatrix(t, { words });
    let panics = true;
    const { boot, booted } = fakeBoot(t, ({ words: given, kernel }) => {
      if (panics && kernel.name.endsWith('6.1') && given.includes('splice-pinned'))
        throw new VmError('VM_PANIC', 'the kernel: dead', ['a tail']);
    });
    await play(matrix, boot);
    assert.deepEqual(states(matrix), [
      '6.1 plain.1 ended',
      '6.1 plain.2.1 ended',
      '6.1 plain.2.2 failed',
      '6.18 plain ended',
    ]);
    const table = gatherMatrix([matrix], matrix.path);
    const of61 = (scenario: string) =>
      table.rows.filter((row) => row.scenario === scenario).map(({ kernels: [first] }) => first?.reason);
    assert.match(readFileSync(join(matrix.path, '6.1/plain.2.2.guest.log'), 'utf8'), /stderr: job began/);
    for (const reason of of61('splice-pinned')) assert.match(reason ?? '', /VM_PANIC: the kernel: dead$/);
    assert.ok(of61('writeback-held').every((reason) => !reason?.includes('VM_PANIC')));
    panics = false;
    booted.length = 0;
    await play(matrix, boot);
    assert.deepEqual(booted, ['6.1 plain.2.2']);
    assert.ok(states(matrix).every((state) => state.endsWith(' ended')));
  });

  test('gives a kernel up that does not come to its job, and tells so', async (t) => {
    const matrix = aMatrix(t, { words: { scenarios: ['healthy', 'writeback-held'], all: true } });
    const { boot, booted } = fakeBoot(t);
    const dead: Boot = (plan) =>
      plan.kernel.name.endsWith('6.1') ? Promise.reject(new VmError('VM_BOOT', 'silent', [])) : boot(plan);
    const { length } = matrix.plan.boots;
    assert.ok(length > 2);
    await play(matrix, dead);
    assert.equal(booted.length, length);
    const failures = gatherMatrix([matrix], matrix.path).boots.filter(({ kernel }) => kernel === '6.1');
    assert.deepEqual(
      failures.map(({ failure }) => failure?.code),
      failures.map((_, at) => (at < 2 ? 'VM_BOOT' : 'NOT_TRIED')),
    );
  });

  test('takes a run that ended without a record for a failure, and does not cut what was refused', async (t) => {
    const matrix = aMatrix(t);
    const refused: Boot = async ({ out, progress }) => {
      progress({ kind: 'line', stream: 'stderr', line: 'stuckfs: FUSE: is missing', guestNs: 1 });
      mkdirSync(out);
      return { ...ended, exitStatus: 2 };
    };
    await play(matrix, refused);
    assert.deepEqual(states(matrix), ['6.1 plain failed', '6.18 plain failed']);
    const [one] = gatherMatrix([matrix], matrix.path).boots;
    assert.match(one?.failure?.message ?? '', /status 2 .*FUSE: is missing/);
  });

  for (const name of ['events.jsonl', 'run.json'])
    test(`takes a directory in the place of ${name} for that boot's failure, and goes on`, async (t) => {
      const matrix = aMatrix(t, { words: { scenarios: ['writeback-held'] } });
      const { boot } = fakeBoot(t);
      await play(matrix, async (plan) => {
        const end = await boot(plan);
        if (!plan.kernel.name.endsWith('6.1')) return end;
        rmSync(join(plan.out, name), { force: true });
        mkdirSync(join(plan.out, name));
        return end;
      });
      assert.deepEqual(states(matrix), ['6.1 plain failed', '6.18 plain ended']);
      const [one] = gatherMatrix([matrix], matrix.path).boots;
      assert.equal(one?.failure?.code, 'NO_RUN');
    });

  test('plays again what a run did not come to whose time ran out, and keeps the rest', async (t) => {
    const matrix = aMatrix(t, { words: { scenarios: ['writeback-held', 'healthy', 'splice-pinned'] } });
    const { boot, booted } = fakeBoot(t);
    await play(matrix, async (plan) => {
      const isWhole = plan.out.endsWith('plain');
      return { ...(await boot(plan)), exitStatus: isWhole ? 124 : 0 };
    });
    assert.deepEqual(
      booted.filter((name) => name.startsWith('6.1 ')),
      ['6.1 plain', '6.1 plain.1', '6.1 plain.2'],
    );
    assert.deepEqual(states(matrix).slice(0, 3), [
      '6.1 plain ended',
      '6.1 plain.1 ended',
      '6.1 plain.2 ended',
    ]);
    const { rows, boots } = gatherMatrix([matrix], matrix.path);
    const placeOf = (scenario: string) =>
      rows.filter((row) => row.scenario === scenario).map(({ kernels: [first] }) => first?.boot);
    assert.deepEqual(placeOf('writeback-held'), ['plain', 'plain']);
    assert.deepEqual(placeOf('healthy'), ['plain.1']);
    assert.deepEqual(new Set(placeOf('splice-pinned')), new Set(['plain.2']));
    assert.deepEqual([boots[0]?.verdict, boots[0]?.damage], ['pass', []]);
    await play(matrix, boot);
    assert.equal(booted.length, 6);
  });

  test('has a boot unknown whose guest says otherwise than its record', async (t) => {
    const matrix = aMatrix(t, { words: { scenarios: ['writeback-held'] } });
    const { boot } = fakeBoot(t);
    await play(matrix, async (plan) => ({ ...(await boot(plan)), exitStatus: 1 }));
    const table = gatherMatrix([matrix], matrix.path);
    assert.equal(table.verdict, 'unknown');
    for (const { damage } of table.boots) assert.match(damage.join(), /ended with status 1, .* judged pass/);
  });

  test('boots as many at once as there are jobs, and no more than fit into memory', async (t) => {
    const words = { scenarios: ['healthy'], triggers: ['compact', 'move-pages'] };
    for (const [more, most] of [
      [{ jobs: 1 }, 1],
      [{ jobs: 3 }, 3],
      [{ jobs: 3, memoryMiB: 100 }, 1],
      [{ jobs: 3, memoryMiB: 4700 }, 2],
    ] as const) {
      const matrix = aMatrix(t, { words });
      let running = 0;
      let seen = 0;
      const { boot, booted } = fakeBoot(t, async () => {
        running += 1;
        seen = Math.max(seen, running);
        await delay(10);
        running -= 1;
      });
      await play(matrix, boot, more);
      assert.equal(booted.length, 4);
      assert.equal(seen, most, JSON.stringify(more));
    }
  });

  test('that is interrupted has the boots that ended, ends the others, and says nothing of them', async (t) => {
    const matrix = aMatrix(t);
    const stop = new AbortController();
    const { boot, booted } = fakeBoot(t, async ({ signal }) => {
      if (booted.length < 2) return;
      stop.abort(new Error('Ctrl-C'));
      signal.throwIfAborted();
    });
    await assert.rejects(play(matrix, boot, { signal: stop.signal }), /Ctrl-C/);
    assert.deepEqual(states(matrix), ['6.1 plain ended', '6.18 plain undefined']);
    const table = gatherMatrix([matrix], matrix.path);
    assert.match(table.rows[0]?.kernels[1]?.reason ?? '', /not played to the end: go on with --resume/);
  });

  test('what is no guest failure ends it, with the other boots', async (t) => {
    const matrix = aMatrix(t);
    let othersEnd: unknown;
    const { boot, booted } = fakeBoot(t, async ({ signal }) => {
      if (booted.length === 2) throw new Error('ENOSPC');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      othersEnd = signal.reason;
      signal.throwIfAborted();
    });
    await assert.rejects(play(matrix, boot, { jobs: 2 }), /ENOSPC/);
    assert.match(String(othersEnd), /ENOSPC/);
    assert.deepEqual(states(matrix), ['6.1 plain undefined', '6.18 plain undefined']);
  });
});

describe('the directory of a matrix', () => {
  test('is played by one at a time, and is made new', (t) => {
    const matrix = aMatrix(t);
    const free = matrix.lock();
    const other = MatrixDirectory.open('--resume', matrix.path);
    assert.throws(() => other.lock(), /is being played by another stuckfs/);
    free();
    other.lock()();
    assert.throws(() => MatrixDirectory.create(matrix.path, aPlan()), /give --resume/);
    assert.throws(() => MatrixDirectory.create(tmpdir(), aPlan()), /exists already/);
    assert.throws(() => MatrixDirectory.create('/proc/nowhere/m', aPlan()), /cannot be made/);
    assert.throws(() => MatrixDirectory.open('--resume', tmpdir()), { field: '--resume', code: 'USAGE' });
  });

  test('takes no end of another plan for its own', async (t) => {
    const matrix = aMatrix(t);
    await play(matrix, fakeBoot(t).boot);
    const file = join(matrix.path, '6.1/plain.end.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(matrix.plan.id, 'other'));
    assert.deepEqual(states(matrix), ['6.1 plain undefined', '6.18 plain ended']);
  });
});

describe('shards', () => {
  const words = { scenarios: ['writeback-held'] };
  const shard = (index: number, of = 2) => ({ words, shard: { index, of } });

  test('are put together: the same table as of the whole', async (t) => {
    const { boot, booted } = fakeBoot(t);
    const [one, two, whole] = [aMatrix(t, shard(1)), aMatrix(t, shard(2)), aMatrix(t, { words })];
    for (const matrix of [one, two, whole]) await play(matrix, boot);
    assert.equal(booted.length, 4);
    const alone = gatherMatrix([one], one.path);
    assert.match(alone.rows[0]?.kernels[1]?.reason ?? '', /of a shard that is not here/);
    assert.equal(alone.verdict, 'unknown');
    const own = tell(one);
    assert.deepEqual([own.matrix.verdict, own.exitStatus], ['pass', 0], 'of what it was to play');
    assert.equal(tell(aMatrix(t, shard(1))).exitStatus, 3, 'which it has not');
    const joined = joinShards([two, one], join(scratch(t), 'joined'));
    const table = gatherMatrix([joined], joined.path);
    const { boots: _, ...expected } = gatherMatrix([whole], whole.path);
    const { boots: _1, ...found } = table;
    assert.deepEqual(found, expected);
    assert.equal(table.boots.length, 2);
    assert.deepEqual(gatherMatrix([two, one], one.path).shards, ['1/2', '2/2']);
    await play(joined, boot);
    assert.equal(booted.length, 4, 'there is nothing left to play');
  });

  test('of something else are refused', async (t) => {
    const one = aMatrix(t, shard(1));
    const refused = (other: MatrixDirectory, why: RegExp) =>
      assert.throws(() => gatherMatrix([one, other], '/'), { message: why, code: 'USAGE' });
    refused(aMatrix(t, { ...shard(2), repeat: 2 }), /not of the same matrix/);
    refused(aMatrix(t, shard(2, 3)), /is shard 2\/3, and .* is shard 1\/2/);
    refused(aMatrix(t, shard(1)), /is shard 1\/2, and so is/);
    refused(aMatrix(t, { words }), /is all of it, and .* is shard/);
    const { plan } = one;
    const kernels = plan.kernels.map((kernel) => ({ ...kernel, imageSha256: 'x', release: '6.1.2' }));
    refused(aMatrix(t, { ...shard(2), kernels }), /with 6\.1\.2, and .* with 6\.1\.1-test: another image/);
  });
});
