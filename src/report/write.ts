/** Judges a run directory and writes its reports into it: from its files alone, so that it can be done anywhere. */
import { z } from 'zod';
import { UsageError } from '../base/errors.js';
import type { RunDirectory } from '../record/run-directory.js';
import { gatherArms, gatherSkipped, gatherUnplayed } from './gather.js';
import { type Judgement, judge } from './outcome.js';
import { type Format, render } from './render/render.js';
import { parseRunJson, type RunJson } from './run-json.js';
import { runJson } from './verdict.js';

const EnvironmentSpec = z.object({
  stuckfs: z.string().default('unknown'),
  on: z.string().default('unknown'),
  seed: z.int().min(0).default(0),
  kernel: z.object({ release: z.string() }).default({ release: 'unknown' }),
});

function readEnvironment(run: RunDirectory): z.output<typeof EnvironmentSpec> {
  let json: unknown;
  try {
    json = JSON.parse(run.read('environment.json') ?? '{}');
  } catch (error) {
    throw new UsageError('environment.json', run.path, 'is not JSON', { cause: error });
  }
  const { data, error } = EnvironmentSpec.safeParse(json);
  if (data !== undefined) return data;
  const issue = error.issues[0];
  throw new UsageError('environment.json', run.path, `${issue?.path.join('.')}: ${issue?.message}`);
}

export function judgeRun(run: RunDirectory): RunJson {
  const environment = readEnvironment(run);
  return runJson(
    {
      stuckfs: environment.stuckfs,
      kernel: environment.kernel.release,
      on: environment.on,
      seed: environment.seed,
    },
    gatherArms(run),
    gatherSkipped(run),
    gatherUnplayed(run),
  );
}

/** What a run directory holds when a run is through, besides what was recorded. */
const reports: readonly (readonly [name: string, format: Format])[] = [
  ['run.json', 'json'],
  ['ktap.txt', 'ktap'],
  ['junit.xml', 'junit'],
  ['perfetto.json', 'perfetto'],
  ['report.html', 'html'],
];

/** judgeRun, and all reports. */
export async function reportRun(run: RunDirectory): Promise<RunJson> {
  const judged = judgeRun(run);
  for (const [name, format] of reports) run.write(name, await render(format, judged, run));
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
