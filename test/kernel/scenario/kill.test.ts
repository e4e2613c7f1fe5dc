/**
 * SIGKILL of each process of a run, in the middle of a stall: within 10 s the machine is as it was.
 * Where the runner itself is killed, the watchdog, the guard of the run or `stuckfs rescue` does it.
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

  const atOnce: readonly (readonly [roles: readonly string[], by: string])[] = [
    [['runner'], 'the watchdog'],
    [['daemon', 'runner'], 'the watchdog'],
    [['guard', 'runner'], 'the watchdog'],
    // The daemon lets go of everything, and lives: its mount and what was changed are left to the guard of the run.
    [['watchdog', 'runner'], 'the guard'],
    [['watchdog', 'daemon', 'runner'], 'the guard'],
    [['runner'], 'stuckfs rescue'],
    [['watchdog', 'daemon', 'guard', 'runner'], 'stuckfs rescue'],
  ];
  for (const [roles, by] of atOnce) {
    test(`SIGKILL of the ${roles.join(', ')} at once: ${by} does it`, (t) =>
      stall(t, {
        act: async (pidOf) => {
          for (const pid of roles.map(pidOf)) process.kill(pid, 'SIGKILL');
          if (by !== 'stuckfs rescue') return;
          const rescue = await runCli(['rescue'], 10_000);
          assert.equal(rescue.status, 0, rescue.stdout + rescue.stderr);
        },
        ends: killed,
      }));
  }

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
