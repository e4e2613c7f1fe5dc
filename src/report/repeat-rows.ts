/** The rows of a table of arms that were played several times: how often which outcome, and the spread of the times. */
import type { Repeats, Spread } from './run-json.js';

export const repeatHead = ['scenario', 'trigger', 'arm', 'runs', 'outcomes', 'trigger ms', 'stall ms'];

/** @param arm as people read it */
export function repeatRow(one: Repeats, arm: string): string[] {
  const { scenario, trigger, runs, outcomes, flapping, triggerMs, stallMs } = one;
  const came = Object.entries(outcomes).map(([outcome, times]) => `${times} ${outcome}`);
  const told = `${came.join(', ')}${flapping ? ' (flapping)' : ''}`;
  return [scenario, trigger, arm, `${runs}`, told, spreadText(triggerMs), spreadText(stallMs)];
}

/** `143..151..168`: least, median, most. */
export function spreadText(spread: Spread | null): string {
  if (spread === null) return '-';
  return [spread.min, spread.median, spread.max].map((ms) => ms.toFixed(0)).join('..');
}
