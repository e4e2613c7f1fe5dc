/**
 * SIGKILL of each process of a run, in the middle of a stall: within 10 s the machine is as it was.
 * Where the runner itself is killed, `stuckfs rescue` is part of the deal.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli } from '../../support/cli.js';
import { type Disturbance, disturb, killed, unknown } from '../../support/disturb.js';
import { devFuse, requires, root } from '../../support/requirement.js';

const stall = (t: TestContext, disturbance: Omit<Disturbance, 'scenario' | 'waitsIn'>) =>
  disturb(t, { scenario: 'writeback-held', waitsIn: 'folio_wait_writeback', ...disturbance });

describe('in the middle of a stall', requires(root, devFuse), () => {
  for (const role of ['daemon', 'workload', 'trigger', 'recorder', 'ballast', 'watchdog']) {
    test(`SIGKILL of the ${role}`, (t) =>
      stall(t, { act: (pidOf) => void process.kill(pidOf(role), 'SIGKILL'), ends: unknown }));
  }

  test('SIGKILL of the daemon, with a watchdog that takes its time', (t) =>
    stall(t, {
      act: async (pidOf) => {
        process.kill(pidOf('watchdog'), 'SIGSTOP');
        process.kill(pidOf('daemon'), 'SIGKILL');
        await sleep(3000);
        process.kill(pidOf('watchdog'), 'SIGCONT');
      },
      ends: unknown,
    }));

  test('SIGKILL of the runner, and then stuckfs rescue', (t) =>
    stall(t, {
      act: async (pidOf) => {
        process.kill(pidOf('runner'), 'SIGKILL');
        const rescue = await runCli(['rescue'], 10_000);
        assert.equal(rescue.status, 0, rescue.stderr);
      },
      ends: killed,
    }));

  test('SIGKILL of the runner alone: the watchdog does it', (t) =>
    stall(t, { act: (pidOf) => void process.kill(pidOf('runner'), 'SIGKILL'), ends: killed }));

  // The daemon lets go of everything, and lives: its mount and what was changed are left to the guard of the run.
  test('SIGKILL of the runner and of the watchdog at once: the guard does it', (t) =>
    stall(t, {
      act: (pidOf) => {
        for (const pid of [pidOf('watchdog'), pidOf('runner')]) process.kill(pid, 'SIGKILL');
      },
      ends: killed,
    }));

  test('SIGKILL of the runner, the daemon and the watchdog at once: the guard does it', (t) =>
    stall(t, {
      act: (pidOf) => {
        for (const pid of [pidOf('watchdog'), pidOf('daemon'), pidOf('runner')]) process.kill(pid, 'SIGKILL');
      },
      ends: killed,
    }));

  test('SIGKILL of the guard and of the runner at once: the watchdog does it', (t) =>
    stall(t, {
      act: (pidOf) => {
        for (const pid of [pidOf('guard'), pidOf('runner')]) process.kill(pid, 'SIGKILL');
      },
      ends: killed,
    }));

  test('SIGKILL of the runner and of the daemon at once', (t) =>
    stall(t, {
      act: (pidOf) => {
        for (const pid of [pidOf('daemon'), pidOf('runner')]) process.kill(pid, 'SIGKILL');
      },
      ends: killed,
    }));

  test('SIGKILL of the runner, the daemon and the watchdog at once, and then stuckfs rescue', (t) =>
    stall(t, {
      act: async (pidOf) => {
        for (const pid of [pidOf('watchdog'), pidOf('daemon'), pidOf('runner')]) process.kill(pid, 'SIGKILL');
        const rescue = await runCli(['rescue'], 10_000);
        assert.equal(rescue.status, 0, rescue.stderr);
      },
      ends: killed,
    }));

  test('SIGINT of the runner while the daemon is stopped and answers nobody', (t) =>
    stall(t, {
      act: (pidOf) => {
        process.kill(pidOf('daemon'), 'SIGSTOP');
        process.kill(pidOf('runner'), 'SIGINT');
      },
      withinMs: 30_000,
      ends: { status: 130, signal: null },
    }));
});
