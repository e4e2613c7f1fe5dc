/** The scenarios, a line each. */
import { healthy } from './catalog/healthy.js';
import { writebackHeld } from './catalog/writeback-held.js';
import type { Scenario } from './scenario.js';

export const scenarios: readonly Scenario[] = [healthy, writebackHeld];

export function findScenario(id: string): Scenario | undefined {
  return scenarios.find((scenario) => scenario.id === id);
}
