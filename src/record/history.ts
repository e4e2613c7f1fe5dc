/**
 * Reads events.jsonl line by line.  It may come from elsewhere, or have been cut short or edited: a line that is no
 * event of a run is told, with the arms that it may have belonged to, and the others are kept.
 */
import { wrongInEvent } from './event-shape.js';
import type { RunEvent } from './events.js';

export interface BrokenLine {
  /** Counted from 1. */
  readonly line: number;
  readonly problem: string;
  /** The arms, by number, to which it may matter: none where the last is below the first. */
  readonly firstArm: number;
  readonly lastArm: number;
}

export interface History {
  readonly events: readonly RunEvent[];
  readonly broken: readonly BrokenLine[];
}

export function parseHistory(text: string): History {
  const events: RunEvent[] = [];
  const broken: BrokenLine[] = [];
  /** Of the arm that is being played where the line stands; -1 before the first. */
  let current = -1;
  // A run that was killed may have left half a line at the end.
  for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
    const event = parsed(line);
    const wrong = event === undefined ? { problem: 'is not JSON' } : wrongInEvent(event);
    const arm = armOf(event);
    if (arm !== undefined) current = arm;
    if (wrong === undefined) events.push(event as RunEvent);
    // What a newer stuckfs says of the run as a whole may hold for all that it tells afterwards.
    else if ('isUnknownEvent' in wrong && arm === undefined)
      broken.push({
        line: index + 1,
        problem: wrong.problem,
        firstArm: current,
        lastArm: Number.MAX_SAFE_INTEGER,
      });
    // An event is written while its arm is played.  If this was the first of another arm, that one is missed by the plan.
    else broken.push({ line: index + 1, problem: wrong.problem, firstArm: current, lastArm: current });
  }
  return { events, broken };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function armOf(event: unknown): number | undefined {
  if (typeof event !== 'object' || event === null || !('arm' in event)) return undefined;
  return Number.isSafeInteger(event.arm) && Number(event.arm) >= 0 ? Number(event.arm) : undefined;
}
