/**
 * SIGKILL in the middle of the stalls of other scenarios, where another task hangs, or hangs elsewhere, and where
 * nothing hangs at all: within 10 s the machine is as it was.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { RunEvent } from '../../../src/record/events.js';
import { runCli, startCli } from '../../support/cli.js';
import { disturb, killed, unknown } from '../../support/disturb.js';
import { eventually } from '../../support/eventually.js';
import { differences, machineState } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { isAlive, recordedProcesses } from '../../support/stall.js';

interface Stall {
  readonly scenario: string;
  readonly waitsIn: string;
}

const readahead: Stall = { scenario: 'readahead-withheld', waitsIn: '__folio_lock' };
const cable: Stall = { scenario: 'cable-trip', waitsIn: 'folio_wait_writeback' };

const kills = (role: string) => (pidOf: (role: string) => number) =>
  void process.kill(pidOf(role), 'SIGKILL');

async function killRunnerAndRescue(pidOf: (role: string) => number): Promise<void> {
  process.kill(pidOf('runner'), 'SIGKILL');
  const rescue = await runCli(['rescue'], 10_000);
  assert.equal(rescue.status, 0, rescue.stderr);
}

/** The server of the first arm waits for the next one. */
function serverIsIdle(events: readonly RunEvent[]): boolean {
  return events.at(-1)?.event === 'arm-ended';
}

/** An arm has ended, and what served it, too; the next daemon may be starting. */
function nothingIsServed(events: readonly RunEvent[]): boolean {
  const hasArm = events.some(({ event }) => event === 'arm-ended');
  return hasArm && !recordedProcesses().some(({ role }) => role === 'daemon');
}

describe('in the middle of a stall of readahead-withheld', requires(root, devFuse), () => {
  // Of the workload it would cost this arm only: the run goes on with the next one.
  test('SIGKILL of the runner alone: the watchdog does it', (t: TestContext) =>
    disturb(t, { ...readahead, act: kills('runner'), ends: killed }));
  test('SIGKILL of the runner, and then stuckfs rescue', (t: TestContext) =>
    disturb(t, { ...readahead, act: killRunnerAndRescue, ends: killed }));
});

describe('in the middle of a stall of cable-trip', requires(root, devFuse), () => {
  test('SIGKILL of the workload', (t: TestContext) =>
    disturb(t, { ...cable, act: kills('workload'), ends: unknown }));
  test('SIGKILL of the runner alone: the watchdog does it', (t: TestContext) =>
    disturb(t, { ...cable, act: kills('runner'), ends: killed }));
});

describe('between two arms', requires(root, devFuse), () => {
  test('SIGKILL of the runner alone while a server waits for the next: its watchdog does it', (t: TestContext) =>
    disturb(t, { ...readahead, when: serverIsIdle, act: kills('runner'), ends: killed }));
  // Nothing is mounted then, so nothing has a watchdog; what the run has changed is changed still. An arm whose mitigation
  // ends the connection has a server of its own.
  test('SIGKILL of the runner alone while there is no server: the guard does it', (t: TestContext) =>
    disturb(t, {
      scenario: 'writeback-held',
      waitsIn: 'folio_wait_writeback',
      words: ['--mitigation', 'abort'],
      hold: '500ms',
      when: nothingIsServed,
      act: kills('runner'),
      ends: killed,
    }));
});

describe('in the first arm', requires(root, devFuse), () => {
  test('SIGKILL of the guard: the next arm has another one, and the run passes', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stuckfs-guard-'));
    const before = machineState();
    try {
      const words = ['writeback-held', '--on', 'host', '--stuck', '16M', '--hold', '500ms'];
      const run = startCli(['run', ...words, '--out', join(directory, 'run')]);
      const guard = await eventually('a guard and a daemon', 30_000, () => {
        const all = recordedProcesses();
        return all.some(({ role }) => role === 'daemon') && all.find(({ role }) => role === 'guard');
      });
      process.kill(guard.pid, 'SIGKILL');
      const another = await eventually('another guard', 30_000, () =>
        recordedProcesses().find(({ role, pid }) => role === 'guard' && pid !== guard.pid),
      );
      const { status, stderr } = await run.result;
      assert.equal(status, 0, stderr);
      assert.match(stderr, /the guard of the run was killed/);
      assert.equal(isAlive(another), false);
      assert.deepEqual(differences(before, machineState()), []);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
