/** Compares the dose-response lines of two runs. Pure. */
import { spread } from '../repeats.js';
import type { DoseResponse } from '../run-json.js';
import type { DoseDiff, DoseSide } from './diff-json.js';

/** In the order of the first run; then those that only the second has. */
export function doseDiffs(before: readonly DoseResponse[], after: readonly DoseResponse[]): DoseDiff[] {
  const [ours, theirs] = [byCell(before), byCell(after)];
  return [...new Map([...ours, ...theirs])].map(([cell, [any]]) => {
    const { scenario, trigger, transport } = any as DoseResponse;
    const [old, now] = [ours, theirs].map((lines) => side(lines.get(cell))) as [
      DoseDiff['before'],
      DoseDiff['after'],
    ];
    return { scenario, trigger, transport, changed: changes(old, now), before: old, after: now };
  });
}

function changes(before: DoseSide | null, after: DoseSide | null): DoseDiff['changed'] {
  if (before === null || after === null) return ['presence'];
  return before.verdicts.join() === after.verdicts.join() ? [] : ['verdict'];
}

/** A cell that was played several times has as many lines. */
function byCell(lines: readonly DoseResponse[]): Map<string, DoseResponse[]> {
  const groups = new Map<string, DoseResponse[]>();
  for (const line of lines) {
    const cell = JSON.stringify([line.scenario, line.trigger, line.transport]);
    groups.set(cell, [...(groups.get(cell) ?? []), line]);
  }
  return groups;
}

function side(lines: readonly DoseResponse[] | undefined): DoseSide | null {
  const last = lines?.at(-1);
  if (lines === undefined || last === undefined) return null;
  return {
    runs: lines.length,
    verdicts: [...new Set(lines.map(({ verdict }) => verdict))].sort(),
    slope: spread(lines.map(({ slope }) => slope)),
    interceptMs: spread(lines.map(({ interceptMs }) => interceptMs)),
    residualMs: spread(lines.map(({ residualMs }) => residualMs)),
    reason: last.reason,
  };
}
