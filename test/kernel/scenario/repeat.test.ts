/** Repeats, reports into files, and loud skips, as a CI job asks for them on the running kernel. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Parser } from 'tap-parser';
import { triggers } from '../../../src/trigger/registry.js';
import { runCli } from '../../support/cli.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { assertNothingLost, ScenarioRun } from '../../support/scenario-run.js';

const small = ['--stuck', '8M', '--hold', '500ms'];

describe(
  'run writeback-held --repeat 2, beside a trigger that harms the host',
  requires(root, devFuse),
  () => {
    const untouched = machineState();
    const directory = mkdtempSync(join(tmpdir(), 'stuckfs-repeat-'));
    const [junit, ktap] = [join(directory, 'junit.xml'), join(directory, 'ktap')];
    /** One that is not pulled without the word for it, whatever else this machine has. */
    const harmful =
      triggers.find(({ harmsHost }) => harmsHost)?.id ?? assert.fail('no trigger harms the host');
    let run: ScenarioRun;

    before(async () => {
      const cells = ['writeback-held', '--trigger', 'compact', '--trigger', harmful, '--repeat', '2'];
      run = await ScenarioRun.play(...cells, ...small, '--junit', junit, '--ktap', ktap);
    });
    after(() => {
      run.remove();
      rmSync(directory, { recursive: true, force: true });
    });

    test('plays all cells, then all again; each comes out the same, and the run passes', () => {
      assert.deepEqual(
        run.json.cells.map(({ trigger, repeat, arm, outcome, verdict }) => [
          trigger,
          repeat,
          arm,
          outcome,
          verdict,
        ]),
        [1, 2].flatMap((repeat) => [
          ['compact', repeat, 'control', 'migrated', 'pass'],
          ['compact', repeat, 'fault', 'stalled', 'pass'],
          [harmful, repeat, null, 'unknown', 'skip'],
        ]),
        run.told,
      );
      assert.equal(run.result.status, 0, run.told);
    });

    test('sums up what came of each arm, with the spread of its times', () => {
      const { repeats, cells } = run.json;
      assert.deepEqual(
        repeats.map(({ arm, runs, outcomes, flapping }) => [arm, runs, outcomes, flapping]),
        [
          ['control', 2, { migrated: 2 }, false],
          ['fault', 2, { stalled: 2 }, false],
        ],
      );
      const times = cells.flatMap(({ arm, evidence }) => (arm === 'fault' ? [evidence.stallMs ?? 0] : []));
      const { min, max } = repeats[1]?.stallMs ?? assert.fail('no spread');
      assert.deepEqual([min, max], [Math.min(...times), Math.max(...times)]);
    });

    test('has one trigger process for all of its arms', () => {
      const { events } = run.directory.history();
      const pids = events.flatMap((event) => (event.event === 'trigger-started' ? [event.pid] : []));
      assert.ok(pids.length >= 4 && new Set(pids).size === 1, pids.join());
    });

    test('has one server for all of them, whose answers are counted for each', () => {
      const { events } = run.directory.history();
      const servers = events.flatMap((event) =>
        event.event === 'arm-started' ? [event.serverOfArm ?? event.arm] : [],
      );
      assert.ok(servers.length >= 4 && servers.every((arm) => arm === 0), servers.join());
      const answered = events.flatMap((event) => (event.event === 'answered' ? [event.replies] : []));
      assert.equal(answered.length, servers.length);
      assert.ok(Math.max(...answered) < 2 * Math.min(...answered), answered.join());
    });

    test('says loudly what it skips, and why', () => {
      assert.match(run.result.stderr, new RegExp(`x ${harmful}: skipped: trigger ${harmful}`));
      assert.match(run.result.stdout, new RegExp(`x ${harmful} on dev-fuse:\\s+skipped: trigger ${harmful}`));
    });

    test('writes KTAP and JUnit where it was told, as they are in the run directory', () => {
      assert.equal(readFileSync(junit, 'utf8'), run.directory.read('junit.xml'));
      const text = readFileSync(ktap, 'utf8');
      assert.equal(text, run.directory.read('ktap.txt'));
      const asserts = (Parser.parse(text) as [string, { ok: boolean; skip?: string }][]).filter(
        ([name]) => name === 'assert',
      );
      assert.ok(asserts.length >= 6 && asserts.every(([, { ok }]) => ok), text);
      assert.equal(asserts.filter(([, { skip }]) => skip).length, 2);
    });

    test('compared with itself nothing has changed, and with the machine before neither', async () => {
      const { status, stdout } = await runCli(
        ['report', run.directory.path, run.directory.path, '--diff'],
        60_000,
      );
      assert.equal(status, 0, stdout);
      assertNothingLost(run);
      assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
    });
  },
);

describe('a run of which everything is skipped', requires(root, devFuse), () => {
  const harmful = triggers.find(({ harmsHost }) => harmsHost)?.id ?? '';

  test('exits 4; with --fail-on skip 1; and says nothing to git bisect', async () => {
    for (const [words, status] of [
      [[], 4],
      [['--fail-on', 'skip'], 1],
      [['--bisect'], 125],
    ] as const) {
      const out = mkdtempSync(join(tmpdir(), 'stuckfs-skipped-'));
      const cells = [
        'run',
        'writeback-held',
        '--trigger',
        harmful,
        '--on',
        'host',
        '--out',
        join(out, 'run'),
      ];
      const result = await runCli([...cells, ...small, ...words], 60_000);
      rmSync(out, { recursive: true, force: true });
      assert.equal(result.status, status, result.stdout + result.stderr);
      assert.match(result.stdout, /verdict: skip \(1 of 1 rows were skipped\)/);
    }
  });
});
