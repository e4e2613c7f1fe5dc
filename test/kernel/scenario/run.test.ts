/**
 * The main job on the running kernel, as a user runs it: both arms, the evidence of each, the machine as before.
 * What the verdict rests on is checked here against the files that the run left, not against its own summary.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseRunJson, type RunJson } from '../../../src/report/run-json.js';
import { listStateDirectories } from '../../../src/safety/state-directory.js';
import { type CliResult, runCli, startCli } from '../../support/cli.js';
import { eventually } from '../../support/eventually.js';
import { differences, type MachineState, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { triggerIsStalled } from '../../support/stall.js';

const PAGE_BYTES = 4096;

function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'stuckfs-run-'));
}

function assertAsBefore(before: MachineState): void {
  assert.deepEqual([...differences(before, machineState()), ...ourTasksInD()], []);
}

describe('run writeback-held --trigger compact', requires(root, devFuse), () => {
  const directory = newDirectory();
  const out = join(directory, 'run');
  const untouched = machineState();
  let result: CliResult;
  let run: RunJson;

  before(async () => {
    result = await runCli(
      ['run', 'writeback-held', '--trigger', 'compact', '--on', 'host', '--hold', '2s', '--out', out],
      120_000,
    );
    run = parseRunJson(readFileSync(join(out, 'run.json'), 'utf8'), out);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  test('ends with exit status 0, and says what it did meanwhile', () => {
    assert.equal(result.status, 0, result.stdout + result.stderr);
    assert.match(result.stderr, /64 requests held/);
    assert.match(result.stdout, /verdict: pass/);
  });

  test('migrates the set in the control arm', () => {
    const [control] = run.cells;
    assert.equal(control?.arm, 'control');
    assert.equal(control.outcome, 'migrated');
    assert.ok(control.evidence.stuckMoved >= control.evidence.scannerReached * 0.95);
    assert.equal(control.evidence.heldRequests, 0);
    assert.equal(control.evidence.waiters.length, 0);
  });

  test('stalls in the fault arm for as long as the acks are withheld, and no longer', () => {
    const fault = run.cells[1];
    assert.equal(fault?.arm, 'fault');
    assert.equal(fault.outcome, fault.expected);
    assert.ok(
      fault.evidence.stuckWriteback > 0,
      'a kernel with in-place writeback is what this test is about',
    );
    assert.equal(fault.outcome, 'stalled');
    assert.equal(fault.evidence.heldBytes, 64 << 20);
    assert.equal(fault.evidence.stuckWriteback, (64 << 20) / PAGE_BYTES);
    assert.equal(fault.evidence.stuckMoved, 0);
    const { triggerMs, heldMs, endAfterReleaseMs } = fault.evidence;
    assert.ok(triggerMs !== null && heldMs !== null && endAfterReleaseMs !== null);
    assert.ok(heldMs >= 2000 && heldMs < 10_000, `held for ${heldMs} ms`);
    assert.ok(triggerMs >= heldMs, `the trigger took ${triggerMs} ms, held were ${heldMs} ms`);
    assert.ok(endAfterReleaseMs >= 0 && endAfterReleaseMs < 1000, `ended ${endAfterReleaseMs} ms after`);
  });

  test('names the folio that the trigger waits for, and the request that holds it', () => {
    const waiter = run.cells[1]?.evidence.waiters.find((one) => one.role === 'trigger');
    assert.ok(waiter?.waitsFor);
    assert.equal(waiter.state, 'D');
    assert.ok(waiter.stack.includes('folio_wait_writeback'), waiter.stack.join(' '));
    assert.ok(waiter.stack.includes('migrate_pages'), waiter.stack.join(' '));
    const { inode, index, unique, pfn } = waiter.waitsFor;
    const events = readFileSync(join(out, 'events.jsonl'), 'utf8').trim().split('\n');
    const held = events
      .map((line) => JSON.parse(line) as { event: string; held?: Record<string, unknown>[] })
      .find((event) => event.event === 'held')?.held;
    const request = held?.find((one) => one['unique'] === unique);
    assert.ok(request, `unique ${unique} is not among the held requests`);
    const offset = Number(request['offset']);
    assert.equal(request['nodeid'], inode);
    assert.ok(offset <= index * PAGE_BYTES && index * PAGE_BYTES < offset + Number(request['size']));
    // The kernel's own words, in its own trace.
    const trace = readFileSync(join(out, 'trace-1.txt'), 'utf8');
    assert.match(
      trace,
      new RegExp(`-${waiter.pid} .*folio_wait_writeback: .*ino=${inode} index=${index}\\b`),
    );
    assert.ok(pfn !== undefined && pfn > 0);
  });

  // What the report rests on where no tracepoint names the folio (readahead): here one does.
  test('waits for the folio that was isolated last', () => {
    const pfn = run.cells[1]?.evidence.waiters.find((one) => one.role === 'trigger')?.waitsFor?.pfn ?? -1;
    const bytes = readFileSync(join(out, 'pfns/1-stuck-before.u64'));
    const pfns = Array.from({ length: bytes.length / 8 }, (_, index) =>
      Number(bytes.readBigInt64LE(8 * index)),
    );
    const trace = readFileSync(join(out, 'trace-1.txt'), 'utf8');
    const waited = trace.slice(0, trace.indexOf('folio_wait_writeback:'));
    const range = [...waited.matchAll(/mm_compaction_isolate_migratepages: range=\((0x\w+) ~ (0x\w+)\)/g)].at(
      -1,
    );
    const inRange = pfns.filter((one) => Number(range?.[1]) <= one && one < Number(range?.[2]));
    assert.equal(pfn, Math.max(...inRange));
  });

  test('loses nothing: byte-exact, nr_writeback back, no event lost', () => {
    for (const { evidence } of run.cells) {
      assert.equal(evidence.byteExact, true);
      assert.equal(evidence.lostEvents, 0);
    }
    const { writebackBefore, writebackAfter } = run.cells[1]?.evidence ?? {};
    assert.ok(typeof writebackBefore === 'number' && typeof writebackAfter === 'number');
    assert.ok(writebackAfter <= writebackBefore + 256, `${writebackBefore} before, ${writebackAfter} after`);
  });

  test('leaves the machine as it was', () => assertAsBefore(untouched));

  test('gives the same report again from a copy of its directory', async () => {
    const copy = join(directory, 'copy');
    cpSync(out, copy, { recursive: true });
    const report = await runCli(['report', copy]);
    assert.equal(report.status, 0, report.stderr);
    assert.equal(report.stdout, result.stdout);
    const files = { ktap: 'ktap.txt', junit: 'junit.xml', perfetto: 'perfetto.json', html: 'report.html' };
    for (const [format, name] of Object.entries(files)) {
      const again = await runCli(['report', copy, '--format', format]);
      assert.equal(again.stdout, readFileSync(join(out, name), 'utf8'), format);
    }
  });

  test('draws what the trace shows: held requests that end with their replies, and the attempt that waited', () => {
    const { traceEvents } = JSON.parse(readFileSync(join(out, 'perfetto.json'), 'utf8')) as {
      traceEvents: { ph: string; cat?: string; dur: number; args: Record<string, unknown> }[];
    };
    const spans = (cat: string) => traceEvents.filter((event) => event.ph === 'X' && event.cat === cat);
    assert.equal(spans('held').length, 64);
    const longestUs = Math.max(...spans('migrate').map(({ dur }) => dur));
    const { stallMs, triggerMs } = run.cells[1]?.evidence ?? assert.fail('no fault arm');
    // The wait begins somewhere in that attempt, and ends it.
    assert.ok(stallMs !== null && longestUs / 1000 >= stallMs - 1, `${longestUs} us, stall ${stallMs} ms`);
    assert.ok(triggerMs !== null && longestUs / 1000 <= triggerMs + 1, `${longestUs} us of ${triggerMs} ms`);
    assert.match(readFileSync(join(out, 'report.html'), 'utf8'), /holds a stuck folio: [1-9]/);
  });

  test('refuses to write into a directory that is there', async () => {
    const again = await runCli(['run', 'healthy', '--on', 'host', '--out', out]);
    assert.equal(again.status, 2);
    assert.match(again.stderr, /^stuckfs: --out: .*exists already.*\n$/);
  });
});

describe('run, otherwise', requires(root, devFuse), () => {
  test('healthy, without --out: one arm, it migrates, and the run directory lies below the working directory', async () => {
    const directory = newDirectory();
    const untouched = machineState();
    try {
      const words = ['run', 'healthy', '--on', 'host', '--stuck', '16M', '--quiet', '--json'];
      const result = await startCli(words, 120_000, process.env, directory).result;
      assert.equal(result.status, 0, result.stdout + result.stderr);
      assert.equal(result.stderr, '');
      const run = JSON.parse(result.stdout) as RunJson;
      assert.deepEqual(
        run.cells.map((cell) => [cell.arm, cell.outcome]),
        [['control', 'migrated']],
      );
      const [name] = readdirSync(join(directory, 'runs'));
      assert.match(name ?? '', /^\d{8}-\d{6}-healthy$/);
      assertAsBefore(untouched);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} in the middle of a stall puts the machine back`, async () => {
      const directory = newDirectory();
      const untouched = machineState();
      const cli = startCli(
        ['run', 'writeback-held', '--on', 'host', '--hold', '60s', '--out', join(directory, 'run')],
        90_000,
      );
      try {
        await eventually('a stalled trigger', 40_000, triggerIsStalled);
        cli.process.kill(signal);
        const result = await cli.result;
        assert.equal(result.status, signal === 'SIGINT' ? 130 : 143, result.stderr);
        await eventually('no state directory', 5000, () => listStateDirectories().readable.length === 0);
        assertAsBefore(untouched);
      } finally {
        cli.process.kill('SIGKILL');
        await cli.result;
        rmSync(directory, { recursive: true, force: true });
      }
    });
  }

  test('a full disk for the run directory is one line, and nothing stays behind', async () => {
    const directory = newDirectory();
    const untouched = machineState();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', directory]);
    try {
      const result = await runCli(
        ['run', 'healthy', '--on', 'host', '--quiet', '--out', join(directory, 'run')],
        90_000,
      );
      assert.equal(result.status, 2, result.stdout + result.stderr);
      assert.match(result.stderr, /^stuckfs: --out: .*ENOSPC.*\n$/);
    } finally {
      execFileSync('umount', [directory]);
      rmSync(directory, { recursive: true });
    }
    assertAsBefore(untouched);
    assert.equal(existsSync(directory), false);
  });

  const refused: readonly (readonly [words: readonly string[], field: RegExp])[] = [
    [['no-such-scenario'], /^stuckfs: scenario: "no-such-scenario".*healthy, writeback-held/],
    [['healthy', '--trigger', 'pray'], /^stuckfs: --trigger: "pray".*compact/],
    [['healthy', '--on', 'mars'], /^stuckfs: --on: "mars"/],
    [['healthy', '--stuck', '-1M'], /^stuckfs: --stuck: "-1M"/],
    [['healthy', '--stuck', '1'], /^stuckfs: --stuck: "1"/],
    [['healthy', '--stuck', '900T'], /^stuckfs: --stuck: "900T"/],
    [['healthy', '--stuck', '1T'], /^stuckfs: --stuck: .*are available/],
    [['healthy', '--hold', '-5s'], /^stuckfs: --hold: "-5s"/],
    [['healthy', '--hold', '5'], /^stuckfs: --hold: "5"/],
    [['healthy', '--hold', '25h'], /^stuckfs: --hold: "25h"/],
    [['healthy', '--seed', 'x'], /^stuckfs: --seed: "x"/],
    [['healthy', '--out', '/proc/self/nowhere'], /^stuckfs: --out: "\/proc\/self\/nowhere"/],
  ];
  for (const [words, line] of refused) {
    test(`refuses ${words.join(' ')} in one line, before anything is changed`, async () => {
      const untouched = machineState();
      const result = await runCli(['run', ...words], 30_000);
      assert.equal(result.status, 2, result.stdout + result.stderr);
      assert.match(result.stderr, line);
      assert.equal(result.stderr.trimEnd().split('\n').length, 1, result.stderr);
      assertAsBefore(untouched);
    });
  }
});
