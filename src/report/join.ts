/**
 * Several judged runs of one kernel as one: what was played in several boots, told together.  The rows stay as they are
 * judged; no arm is in two of the runs.
 */
import { RUN_JSON_VERSION, type RunJson } from './run-json.js';
import type { UnplayedArm } from './unplayed.js';
import { type RunFacts, runJson, worst } from './verdict.js';

export interface NamedRun {
  /** Of its directory. */
  readonly name: string;
  readonly run: RunJson;
}

/** @param runs at least one; the facts are the first one's */
export function joinRuns(runs: readonly NamedRun[]): RunJson {
  const [first] = runs;
  if (first === undefined) throw new Error('no run to join');
  if (runs.length === 1) return first.run;
  const { stuckfs, kernel, on, seed } = first.run;
  const inPlace = runs.map(({ run }) => run.features['writebackInPlace']).find((one) => one !== null);
  return {
    version: RUN_JSON_VERSION,
    ...{ stuckfs, kernel, on, seed },
    verdict: worst(runs.map(({ run }) => run.verdict)),
    cells: runs.flatMap(({ run }) => run.cells),
    doseResponses: runs.flatMap(({ run }) => run.doseResponses),
    repeats: runs.flatMap(({ run }) => run.repeats),
    features: { writebackInPlace: inPlace ?? null },
    damage: runs.flatMap(({ name, run }) => run.damage.map((text) => `${name}: ${text}`)),
  };
}

/** Of a run that left no record: every arm is unknown. */
export function unplayedRun(facts: RunFacts, arms: readonly UnplayedArm[]): RunJson {
  return runJson(facts, [], [], arms);
}
