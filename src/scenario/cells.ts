/**
 * Which cells a run plays: scenario x trigger x transport, and in each the arms with the mitigations that were asked
 * for.  From the user's words and the catalogue alone, so that a contradiction is told before anything is started.
 */
import { UsageError } from '../base/errors.js';
import { leastHarmFirst } from '../base/least-harm-first.js';
import type { Trigger } from '../trigger/trigger.js';
import {
  type ArmDesign,
  armName,
  mitigationNames,
  type Scenario,
  type TransportName,
  transportNames,
} from './scenario.js';

export interface CellWords {
  readonly scenarios: readonly string[];
  /** Every scenario, trigger, transport and mitigation that there is, but for what the other words narrow. */
  readonly all: boolean;
  /** Empty: `compact` where the scenario has it, else what it has; with `all` every trigger of the scenario. */
  readonly triggers: readonly string[];
  /** Empty: those of the scenario. */
  readonly transports: readonly string[];
  /** Empty: arms without one only; with `all` every one. `none` stands for the arms without. */
  readonly mitigations: readonly string[];
}

export interface Catalogue {
  readonly scenarios: readonly Scenario[];
  readonly triggers: readonly Trigger[];
}

export interface WantedCell {
  readonly scenario: Scenario;
  readonly trigger: Trigger;
  readonly transport: TransportName;
  readonly arms: readonly ArmDesign[];
}

export interface Wanted {
  readonly cells: readonly WantedCell[];
  /** What was asked for and does not exist, where something else does; a line each. */
  readonly absent: readonly string[];
}

const DEFAULT_TRIGGER = 'compact';

/** @throws {UsageError} for a name that is not known, and where no cell is left */
export function wantedCells(words: CellWords, catalogue: Catalogue): Wanted {
  const scenarios = scenariosOf(words, catalogue.scenarios);
  const triggers = known('--trigger', words.triggers, catalogue.triggers);
  const transports = known('--transport', words.transports, named(transportNames)).map(({ id }) => id);
  const mitigations = known('--mitigation', words.mitigations, named(mitigationNames)).map(({ id }) => id);
  if (mitigations.includes('none') && mitigations.length > 1)
    throw new UsageError(
      '--mitigation',
      words.mitigations.join(' '),
      'contradict each other: none is only the arms without, and any other has those beside it',
    );
  const cells: WantedCell[] = [];
  const absent: string[] = [];
  let isTriggerAbsent = false;
  for (const scenario of scenarios) {
    const arms = armsOf(scenario, mitigations, words.all);
    for (const mitigation of mitigations)
      if (mitigation !== 'none' && !arms.some((arm) => arm.mitigation === mitigation))
        absent.push(`${scenario.id} has no arm with the mitigation ${mitigation}`);
    const wantsMitigation = mitigations.some((one) => one !== 'none');
    if (wantsMitigation && !arms.some(isMitigated)) continue;
    const ofScenario = triggersOf(scenario, triggers, catalogue.triggers, words.all);
    for (const { id } of triggers) {
      if (scenario.triggers.includes(id)) continue;
      isTriggerAbsent = true;
      absent.push(`${scenario.id} does not say anything under ${id}`);
    }
    for (const trigger of ofScenario) {
      const played = arms.filter(({ triggers: only }) => only?.includes(trigger.id) ?? true);
      for (const arm of arms)
        if (!played.includes(arm) && (wantsMitigation || !words.all))
          absent.push(`${scenario.id} has no ${armName(arm)} arm under ${trigger.id}`);
      if (wantsMitigation && !played.some(isMitigated)) continue;
      for (const transport of new Set(transports.length > 0 ? transports : scenario.transports))
        cells.push({ scenario, trigger, transport, arms: played });
    }
  }
  if (cells.length > 0) return { cells: leastHarmFirst(cells), absent };
  const [field, value] = isTriggerAbsent
    ? ['--trigger', words.triggers.join(' ')]
    : ['--mitigation', words.mitigations.join(' ')];
  throw new UsageError(field, value, `leaves no cell to run: ${absent.join('; ')}. See stuckfs list`);
}

function scenariosOf(
  { scenarios: ids, all }: CellWords,
  scenarios: readonly Scenario[],
): readonly Scenario[] {
  if (ids.length > 0) return known('scenario', ids, scenarios);
  if (all) return scenarios;
  const names = scenarios.map(({ id }) => id).join(', ');
  throw new UsageError('scenario', '', `is missing: give --all, or some of ${names}`);
}

function isMitigated({ mitigation }: ArmDesign): boolean {
  return mitigation !== undefined;
}

/** A mitigated arm says something beside the same arm without one, so those are always there. */
function armsOf(scenario: Scenario, mitigations: readonly string[], all: boolean): readonly ArmDesign[] {
  return scenario.arms.filter(
    ({ mitigation }) =>
      mitigation === undefined || (mitigations.length === 0 ? all : mitigations.includes(mitigation)),
  );
}

function triggersOf(
  scenario: Scenario,
  asked: readonly Trigger[],
  triggers: readonly Trigger[],
  all: boolean,
): readonly Trigger[] {
  const own = triggers.filter(({ id }) => scenario.triggers.includes(id));
  if (asked.length > 0) return own.filter((trigger) => asked.includes(trigger));
  const usual = own.filter(({ id }) => id === DEFAULT_TRIGGER);
  return all || usual.length === 0 ? own : usual;
}

function named<Name extends string>(ids: readonly Name[]): readonly { readonly id: Name }[] {
  return ids.map((id) => ({ id }));
}

/** In the order in which they were asked for, each once. */
function known<Thing extends { readonly id: string }>(
  field: string,
  ids: readonly string[],
  things: readonly Thing[],
): readonly Thing[] {
  return [...new Set(ids)].map((id) => {
    const found = things.find((thing) => thing.id === id);
    if (found === undefined)
      throw new UsageError(field, id, `is not known; give one of ${things.map((one) => one.id).join(', ')}`);
    return found;
  });
}
