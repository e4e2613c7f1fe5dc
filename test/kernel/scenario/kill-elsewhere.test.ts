/**
 * SIGKILL in the middle of the stalls of other scenarios, where another task hangs, or hangs elsewhere, and where
 * nothing hangs at all: within 10 s the machine is as it was.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { RunEvent } from '../../../src/record/events.js';
import { runCli } from '../../support/cli.js';
import { disturb, killed, unknown } from '../../support/disturb.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { recordedProcesses } from '../../support/stall.js';

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

/** An arm has ended, and what served it, too; the next daemon may be starting. */
function betweenArms(events: readonly RunEvent[]): boolean {
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
  // Nothing is mounted then, so nothing has a watchdog; what the run has changed is changed still.
  test('SIGKILL of the runner alone: the guard does it', (t: TestContext) =>
    disturb(t, { ...readahead, when: betweenArms, act: kills('runner'), ends: killed }));
});
