/** Judges a run directory and writes its reports into it: from its files alone, so that it can be done anywhere. */
import * as z from 'zod';
import { UsageError } from '../base/errors.js';
import type { RunDirectory } from '../record/run-directory.js';
import { damageOf } from './damage.js';
import { gatherArms, gatherLastArm } from './gather.js';
import { type Judgement, judge } from './outcome.js';
import { type Format, render } from './render/render.js';
import { parseRunJson, type RunJson } from './run-json.js';
import { gatherSkipped, gatherUnplayed } from './unplayed.js';
import { runJson } from './verdict.js';

const EnvironmentSpec = z.object({
  stuckfs: z.string().default('unknown'),
  on: z.string().default('unknown'),
  seed: z.int().min(0).default(0),
  kernel: z.object({ release: z.string() }).default({ release: 'unknown' }),
});

type Environment = z.output<typeof EnvironmentSpec>;

/** What cannot be read of it is unknown, and told. */
export function readEnvironment(run: RunDirectory): {
  readonly environment: Environment;
  /** All that it holds; undefined where that is no JSON. */
  readonly json: unknown;
  readonly damage: readonly string[];
} {
  const nothing = EnvironmentSpec.parse({});
  const text = run.read('environment.json');
  const broken = (problem: string, json?: unknown) => ({
    environment: nothing,
    json,
    damage: [`environment.json ${problem}`],
  });
  if (text === undefined) return broken('is missing: which kernel this was is not known');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return broken('is not JSON');
  }
  const { data, error } = EnvironmentSpec.safeParse(json);
  if (data !== undefined) return { environment: data, json, damage: [] };
  const [issue] = error.issues;
  return broken(`is not of its shape: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`, json);
}

/** @param damage what the caller has found broken already */
export function judgeRun(run: RunDirectory, damage: readonly string[] = []): RunJson {
  const history = run.history();
  const read = readEnvironment(run);
  const { stuckfs, kernel, on, seed } = read.environment;
  return runJson(
    { stuckfs, kernel: kernel.release, on, seed },
    gatherArms(run),
    gatherSkipped(history),
    gatherUnplayed(history),
    [...damageOf(history), ...read.damage, ...damage],
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

/**
 * judgeRun, and all reports.
 * @param which `verdict`: run.json alone, on a machine on which the others take long
 * @param damageOf what the caller knows that the record does not say
 */
export async function reportRun(
  run: RunDirectory,
  which: 'all' | 'verdict' = 'all',
  damageOf: (judged: RunJson) => readonly string[] = () => [],
): Promise<RunJson> {
  const first = judgeRun(run);
  const damage = damageOf(first);
  const judged = damage.length === 0 ? first : judgeRun(run, damage);
  const wanted = which === 'all' ? reports : reports.filter(([, format]) => format === 'json');
  for (const [name, format] of wanted) run.write(name, await render(format, judged, run));
  return judged;
}

/**
 * The report of a run that may come from elsewhere.  It is judged anew, so a run.json beside it that is broken costs no
 * more than the trust in the rest.
 * @throws {UsageError} where a newer stuckfs wrote it: this one would misread the rest, too
 */
export function readReport(run: RunDirectory): RunJson {
  const written = run.read('run.json');
  if (written === undefined) return judgeRun(run);
  try {
    parseRunJson(written, run.artifact('run.json'));
    return judgeRun(run);
  } catch (error) {
    if (!(error instanceof UsageError) || error.field !== 'run.json') throw error;
    return judgeRun(run, [`run.json ${error.remedy}`]);
  }
}

/** What the arm that was played last came to, for the one who decides whether to play it again. */
export function judgeLastArm(run: RunDirectory): Judgement {
  const last = gatherLastArm(run);
  return last === undefined ? { outcome: 'unknown', reason: 'no arm was played' } : judge(last);
}
