/**
 * What of a run directory is broken, missing or of no known form, and what it costs: the verdict of the arms that it
 * may matter to, and in any case the pass of the run.  The rest is reported as if nothing were.
 */
import { KernelFileError } from '../kernel/kernel-file.js';
import { missingFields } from '../kernel/trace-events.js';
import type { BrokenLine, History } from '../record/history.js';
import type { RunDirectory } from '../record/run-directory.js';
import { verdictEvents } from '../record/trace-events.js';

export function damageText({ line, problem }: BrokenLine): string {
  return `line ${line} of events.jsonl ${problem}`;
}

export function damageOfArm({ broken }: History, arm: number): string | undefined {
  const first = broken.find(({ firstArm, lastArm }) => firstArm <= arm && arm <= lastArm);
  return first === undefined ? undefined : damageText(first);
}

/** One line each. */
export function damageOf(history: History): string[] {
  const hasPlan = history.events.some(({ event }) => event === 'run-started');
  return [
    ...(hasPlan ? [] : ['events.jsonl has no event run-started: which arms were to be played is not known']),
    ...(hasPlan && !history.events.some(({ event }) => event === 'run-ended')
      ? ['events.jsonl has no event run-ended: the run did not come to its end']
      : []),
    ...history.broken.map(damageText),
  ];
}

/**
 * What the format files say against reading the trace: an event whose fields are not those that are read may mean
 * something else by the same text.  Without the files the text itself is all there is to go by.
 */
export function unreadableFormats(run: RunDirectory): string | undefined {
  for (const event of verdictEvents) {
    const name = `formats/${event}.txt`;
    const text = run.read(name);
    if (text === undefined) continue;
    try {
      const missing = missingFields(event, text, name);
      if (missing.length > 0)
        return `the kernel's ${event} has no field ${missing.join(', ')} (${name}): its trace may mean something else`;
    } catch (error) {
      if (!(error instanceof KernelFileError)) throw error;
      return error.message;
    }
  }
  return undefined;
}
