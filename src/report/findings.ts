/**
 * What a reader must see first: arms that came out otherwise than expected, and arms that do not come out the same way
 * each time.
 */
import type { Cell, Repeats, RunJson } from './run-json.js';

/** One line each; the name of an arm is the caller's way of naming it. */
export function findings(run: RunJson, nameOf: (cell: Cell | Repeats) => string): string[] {
  return [
    ...run.cells
      .filter(({ verdict }) => verdict === 'fail')
      .map((cell) => unexpected(run, cell, nameOf(cell))),
    ...run.repeats.filter(({ flapping }) => flapping).map((one) => flapping(one, nameOf(one))),
    ...run.repeats
      .filter(({ skipped }) => skipped > 0)
      .map((one) => `${nameOf(one)}: skipped in ${one.skipped} of ${one.runs + one.skipped}`),
  ];
}

function unexpected({ kernel }: RunJson, cell: Cell, name: string): string {
  const { outcome, expected, decidedBy, reason, evidence } = cell;
  const { stuckMoved, stuckFolios, controlMoved, controlFolios, triggerMs } = evidence;
  const took = triggerMs === null ? '' : `; the trigger took ${triggerMs.toFixed(0)} ms`;
  return (
    `kernel ${kernel}: ${name}: ${outcome}, where ${expected} is expected by ${decidedBy}: ${reason ?? 'no reason given'}; ` +
    `moved ${stuckMoved} of ${stuckFolios} stuck folios, ${controlMoved} of ${controlFolios} beside them${took}`
  );
}

function flapping({ outcomes, runs }: Repeats, name: string): string {
  const came = Object.entries(outcomes).map(([outcome, times]) => `${outcome} ${times} times`);
  return `${name}: flapping: of ${runs} runs ${came.join(', ')}`;
}
