/**
 * Plays a run up to its stall, or to another moment, disturbs it, and wants the machine as it was before, in time.
 * Where the runner itself is killed, `stuckfs rescue`, the watchdog or the guard of the run does it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RunEvent } from '../../src/record/events.js';
import { RunDirectory } from '../../src/record/run-directory.js';
import { runCli, startCli } from './cli.js';
import { eventually } from './eventually.js';
import { differences, machineState, ourDaemons, ourTasksInD } from './machine-state.js';
import { isAlive, recordedProcesses, triggerIsStalled } from './stall.js';

/** The promise of the README. */
const RECOVERY_MS = 10_000;

export interface Disturbance {
  readonly scenario: string;
  /** By default `compact`. */
  readonly trigger?: string;
  /** Where the trigger hangs then. */
  readonly waitsIn: string;
  /** Further words of `stuckfs run`, and another hold than 60 s. */
  readonly words?: readonly string[];
  readonly hold?: string;
  /** Another moment than that of the stall, by what the run has written down so far. */
  readonly when?: (events: readonly RunEvent[]) => boolean;
  /** What is done then. */
  readonly act: (pidOf: (role: string) => number) => void | Promise<void>;
  readonly withinMs?: number;
  /** How the runner ends. */
  readonly ends: { readonly status: number | null; readonly signal: NodeJS.Signals | null };
}

/** A run that was disturbed is unknown. */
export const unknown = { status: 3, signal: null };
export const killed = { status: null, signal: 'SIGKILL' } as const;

function eventsOf(out: string): readonly RunEvent[] {
  return existsSync(join(out, 'events.jsonl')) ? RunDirectory.open(out).events() : [];
}

export async function disturb(
  t: TestContext,
  {
    scenario,
    trigger = 'compact',
    waitsIn,
    words: further = [],
    hold = '60s',
    when,
    act,
    withinMs = RECOVERY_MS,
    ends,
  }: Disturbance,
): Promise<void> {
  // What somebody's killed session left mounted is not as before once a rescue has found it: so it goes first.
  const leftovers = await runCli(['rescue'], 30_000);
  assert.equal(leftovers.status, 0, leftovers.stderr);
  const before = machineState();
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-kill-'));
  const out = join(directory, 'run');
  const words = [
    scenario,
    '--trigger',
    trigger,
    '--on',
    'host',
    '--stuck',
    '16M',
    '--hold',
    hold,
    ...further,
  ];
  const run = startCli(['run', ...words, '--out', out], 180_000);
  try {
    if (when === undefined) await eventually('a stalled trigger', 60_000, () => triggerIsStalled(waitsIn));
    else await eventually('the moment', 60_000, () => when(eventsOf(out)), 5);
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
      ...ourDaemons().map((pid) => `alive: daemon ${pid}`),
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
