/**
 * SIGKILL of each process of a run, in the middle of a stall: within 10 s the machine is as it was.
 * Where the runner itself is killed, `stuckfs rescue` is part of the deal.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { runCli, startCli } from '../../support/cli.js';
import { eventually } from '../../support/eventually.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { isAlive, recordedProcesses, triggerIsStalled } from '../../support/stall.js';

/** The promise of the README. */
const RECOVERY_MS = 10_000;

interface Disturbance {
  /** What is done in the middle of the stall. */
  readonly act: (pidOf: (role: string) => number) => void | Promise<void>;
  readonly withinMs?: number;
  /** How the runner ends. */
  readonly ends: { readonly status: number | null; readonly signal: NodeJS.Signals | null };
}

/** Plays a run up to its stall, disturbs it, and wants the machine as it was before, in time. */
async function disturb(t: TestContext, { act, withinMs = RECOVERY_MS, ends }: Disturbance): Promise<void> {
  const before = machineState();
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-kill-'));
  const words = ['writeback-held', '--trigger', 'compact', '--on', 'host', '--hold', '60s'];
  const run = startCli(['run', ...words, '--out', join(directory, 'run')], 120_000);
  try {
    await eventually('a stalled trigger', 40_000, triggerIsStalled);
    const all = recordedProcesses();
    const startedMs = performance.now();
    await act((role) => {
      const found = all.find((one) => one.role === role);
      assert.ok(found, `no ${role} among ${all.map((one) => one.role).join(', ')}`);
      return found.pid;
    });
    const left = () => [
      ...differences(before, machineState()),
      ...ourTasksInD().map((task) => `in D state: ${task}`),
      ...all.filter(isAlive).map((one) => `alive: ${one.role} ${one.pid}`),
    ];
    const restMs = withinMs - (performance.now() - startedMs);
    await eventually('the machine as before', restMs, () => left().length === 0).catch((error: Error) =>
      assert.fail(`${error.message}\n${left().join('\n')}`),
    );
    t.diagnostic(`as before after ${(performance.now() - startedMs).toFixed(0)} ms`);
    const { status, signal, stdout, stderr } = await run.result;
    assert.deepEqual({ status, signal }, ends, stdout + stderr);
  } finally {
    run.process.kill('SIGKILL');
    await run.result;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A run that was disturbed is unknown. */
const unknown = { status: 3, signal: null };
const killed = { status: null, signal: 'SIGKILL' } as const;

describe('in the middle of a stall', requires(root, devFuse), () => {
  for (const role of ['daemon', 'workload', 'trigger', 'recorder', 'ballast', 'watchdog']) {
    test(`SIGKILL of the ${role}`, (t) =>
      disturb(t, { act: (pidOf) => void process.kill(pidOf(role), 'SIGKILL'), ends: unknown }));
  }

  test('SIGKILL of the runner, and then stuckfs rescue', (t) =>
    disturb(t, {
      act: async (pidOf) => {
        process.kill(pidOf('runner'), 'SIGKILL');
        const rescue = await runCli(['rescue'], 10_000);
        assert.equal(rescue.status, 0, rescue.stderr);
      },
      ends: killed,
    }));

  test('SIGKILL of the runner alone: the watchdog does it', (t) =>
    disturb(t, { act: (pidOf) => void process.kill(pidOf('runner'), 'SIGKILL'), ends: killed }));

  test('SIGKILL of the runner and of the daemon at once', (t) =>
    disturb(t, {
      act: (pidOf) => {
        for (const pid of [pidOf('daemon'), pidOf('runner')]) process.kill(pid, 'SIGKILL');
      },
      ends: killed,
    }));

  test('SIGKILL of the runner, the daemon and the watchdog at once, and then stuckfs rescue', (t) =>
    disturb(t, {
      act: async (pidOf) => {
        for (const pid of [pidOf('watchdog'), pidOf('daemon'), pidOf('runner')]) process.kill(pid, 'SIGKILL');
        const rescue = await runCli(['rescue'], 10_000);
        assert.equal(rescue.status, 0, rescue.stderr);
      },
      ends: killed,
    }));

  test('SIGINT of the runner while the daemon is stopped and answers nobody', (t) =>
    disturb(t, {
      act: (pidOf) => {
        process.kill(pidOf('daemon'), 'SIGSTOP');
        process.kill(pidOf('runner'), 'SIGINT');
      },
      withinMs: 30_000,
      ends: { status: 130, signal: null },
    }));
});
