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
  return new HistoryReader().read(text);
}

/** Of one file that grows: lines that were read before are not checked again. */
export class HistoryReader {
  private events: RunEvent[] = [];
  private broken: BrokenLine[] = [];
  /** Of the arm that is being played where the line stands; -1 before the first. */
  private current = -1;
  private lines = 0;
  /** What all this was read from: whole lines. */
  private known = '';

  /** @param text all of the file; what does not begin as it did is read anew */
  read(text: string): History {
    if (!text.startsWith(this.known)) this.forget();
    // A run that was killed may have left half a line at the end.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    for (const line of whole.slice(this.known.length).split('\n').slice(0, -1)) this.take(line);
    this.known = whole;
    return { events: [...this.events], broken: [...this.broken] };
  }

  private forget(): void {
    this.events = [];
    this.broken = [];
    this.current = -1;
    this.lines = 0;
    this.known = '';
  }

  private take(text: string): void {
    const line = ++this.lines;
    const event = parsed(text);
    const wrong = event === undefined ? { problem: 'is not JSON' } : wrongInEvent(event);
    const arm = armOf(event);
    if (arm !== undefined) this.current = arm;
    const { current: firstArm } = this;
    if (wrong === undefined) this.events.push(event as RunEvent);
    // What a newer stuckfs says of the run as a whole may hold for all that it tells afterwards.
    else if ('isUnknownEvent' in wrong && arm === undefined)
      this.broken.push({ line, problem: wrong.problem, firstArm, lastArm: Number.MAX_SAFE_INTEGER });
    // An event is written while its arm is played.  If this was the first of another arm, that one is missed by the plan.
    else this.broken.push({ line, problem: wrong.problem, firstArm, lastArm: firstArm });
  }
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
