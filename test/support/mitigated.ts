/** The arms with a mitigation of a run, and what they say of it. */
import assert from 'node:assert/strict';
import type { Cell } from '../../src/report/run-json.js';
import type { ScenarioRun } from './scenario-run.js';

type Mitigation = NonNullable<Cell['evidence']['mitigation']>;

export function mitigated(run: ScenarioRun, mitigation: string): Cell & { freed: Mitigation } {
  const cell = run.json.cells.find((one) => one.mitigation === mitigation);
  assert.ok(cell?.evidence.mitigation, run.told);
  return { ...cell, freed: cell.evidence.mitigation };
}

/** `fsync ECONNABORTED`, `close 0`. */
export const told = ({ told: all }: Mitigation, file: 'stuck' | 'control') =>
  all.filter((one) => one.file === file).map(({ call, errno }) => `${call} ${errno ?? 0}`);
