/**
 * SIGKILL of each process of a run, in the middle of a stall: within 10 s the machine is as it was.
 * Where the runner itself is killed, `stuckfs rescue` is part of the deal.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCli, startCli } from '../../support/cli.js';
import { eventually } from '../../support/eventually.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { isAlive, recordedProcesses, triggerIsStalled } from '../../support/stall.js';

const roles = ['daemon', 'runner', 'workload', 'trigger', 'recorder', 'ballast', 'watchdog'] as const;

/** The promise of the README. */
const RECOVERY_MS = 10_000;

describe('SIGKILL in the middle of a stall', requires(root, devFuse), () => {
  for (const role of roles) {
    test(`of the ${role}`, async (t) => {
      const before = machineState();
      const directory = mkdtempSync(join(tmpdir(), 'stuckfs-kill-'));
      const run = startCli(
        [
          'run',
          'writeback-held',
          '--trigger',
          'compact',
          '--on',
          'host',
          '--hold',
          '30s',
          '--out',
          join(directory, 'run'),
        ],
        90_000,
      );
      try {
        await eventually('a stalled trigger', 40_000, triggerIsStalled);
        const all = recordedProcesses();
        const victim = all.find((one) => one.role === role);
        assert.ok(victim, `no ${role} among ${all.map((one) => one.role).join(', ')}`);
        process.kill(victim.pid, 'SIGKILL');
        const killedMs = performance.now();
        if (role === 'runner') {
          const rescue = await runCli(['rescue'], 10_000);
          assert.equal(rescue.status, 0, rescue.stderr);
        }
        const left = () => [
          ...differences(before, machineState()),
          ...ourTasksInD().map((task) => `in D state: ${task}`),
          ...all.filter(isAlive).map((one) => `alive: ${one.role} ${one.pid}`),
        ];
        await eventually('the machine as before', RECOVERY_MS - (performance.now() - killedMs), () => {
          return left().length === 0;
        }).catch((error: Error) => assert.fail(`${error.message}\n${left().join('\n')}`));
        t.diagnostic(`as before ${(performance.now() - killedMs).toFixed(0)} ms after the SIGKILL`);
        const result = await run.result;
        if (role === 'runner') assert.equal(result.signal, 'SIGKILL');
        else
          assert.equal(
            result.status,
            3,
            `a run that was disturbed is unknown: ${result.stdout}${result.stderr}`,
          );
      } finally {
        run.process.kill('SIGTERM');
        await run.result;
        rmSync(directory, { recursive: true, force: true });
      }
    });
  }
});
