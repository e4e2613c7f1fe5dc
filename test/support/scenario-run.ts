/** A run of scenarios as a user starts it, and what it left: run.json, events and traces. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../../src/record/events.js';
import { RunDirectory } from '../../src/record/run-directory.js';
import { type Cell, parseRunJson, type RunJson } from '../../src/report/run-json.js';
import { type CliResult, runCli } from './cli.js';

const DEADLINE_MS = 240_000;

export class ScenarioRun {
  private constructor(
    private readonly parent: string,
    readonly result: CliResult,
    readonly json: RunJson,
    readonly directory: RunDirectory,
  ) {}

  /** @param words after `stuckfs run`, without --on and --out */
  static async play(...words: readonly string[]): Promise<ScenarioRun> {
    const parent = mkdtempSync(join(tmpdir(), 'stuckfs-scenario-'));
    const out = join(parent, 'run');
    const result = await runCli(['run', ...words, '--on', 'host', '--out', out], DEADLINE_MS);
    assert.ok(
      result.status === 0 || result.status === 1 || result.status === 3 || result.status === 4,
      result.stdout + result.stderr,
    );
    const json = parseRunJson(readFileSync(join(out, 'run.json'), 'utf8'), out);
    return new ScenarioRun(parent, result, json, RunDirectory.open(out));
  }

  /** What to show when an assertion about it fails. */
  get told(): string {
    return this.result.stdout + this.result.stderr;
  }

  /** The cells, as `arm variant: outcome verdict`. */
  get outcomes(): string[] {
    return this.json.cells.map(
      ({ arm, variant, outcome, verdict }) =>
        `${arm}${variant === null ? '' : ` ${variant}`}: ${outcome} ${verdict}`,
    );
  }

  cell(arm: 'control' | 'fault', variant: string | null = null): Cell {
    const found = this.json.cells.find((cell) => cell.arm === arm && cell.variant === variant);
    assert.ok(found, this.outcomes.join(', '));
    return found;
  }

  /** The events of the last attempt of an arm. */
  events<Name extends RunEvent['event']>(
    name: Name,
    arm: 'control' | 'fault',
    variant: string | null = null,
  ): Extract<RunEvent, { event: Name }>[] {
    const all = this.directory.events();
    const start = all.findLast(
      (event) => event.event === 'arm-started' && event.kind === arm && event.variant === variant,
    );
    assert.ok(start !== undefined && 'arm' in start);
    return all.filter(
      (event): event is Extract<RunEvent, { event: Name }> =>
        event.event === name && 'arm' in event && event.arm === start.arm,
    );
  }

  remove(): void {
    rmSync(this.parent, { recursive: true, force: true });
  }
}

/** That a run left nothing corrupt, lost or unaccounted for. */
export function assertNothingLost(run: ScenarioRun): void {
  for (const { arm, evidence } of run.json.cells) {
    // One that was skipped.
    if (arm === null) continue;
    assert.equal(evidence.byteExact, true, run.told);
    assert.equal(evidence.lostEvents, 0, run.told);
  }
}
