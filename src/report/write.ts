/** Judges a run directory and writes run.json into it: from its files alone, so that it can be done anywhere. */
import type { RunDirectory } from '../record/run-directory.js';
import { gatherArms } from './gather.js';
import { type Judgement, judge } from './outcome.js';
import { parseRunJson, type RunJson } from './run-json.js';
import { runJson } from './verdict.js';

interface Environment {
  readonly stuckfs?: string;
  readonly on?: string;
  readonly seed?: number;
  readonly kernel?: { readonly release?: string };
}

export function judgeRun(run: RunDirectory): RunJson {
  const environment = JSON.parse(run.read('environment.json') ?? '{}') as Environment;
  return runJson(
    {
      stuckfs: environment.stuckfs ?? 'unknown',
      kernel: environment.kernel?.release ?? 'unknown',
      on: environment.on ?? 'unknown',
      seed: environment.seed ?? 0,
    },
    gatherArms(run),
  );
}

/** judgeRun, and run.json. */
export function reportRun(run: RunDirectory): RunJson {
  const judged = judgeRun(run);
  run.write('run.json', `${JSON.stringify(judged, null, 2)}\n`);
  return judged;
}

/** The report of a run that may come from elsewhere: judged anew, and a run.json beside it must be one we can read. */
export function readReport(run: RunDirectory): RunJson {
  const written = run.read('run.json');
  if (written !== undefined) parseRunJson(written, run.artifact('run.json'));
  return judgeRun(run);
}

/** What the arm that was played last came to, for the one who decides whether to play it again. */
export function judgeLastArm(run: RunDirectory): Judgement {
  const last = gatherArms(run).at(-1);
  return last === undefined ? { outcome: 'unknown', reason: 'no arm was played' } : judge(last);
}
