/** `stuckfs matrix`: the same cells on several kernels in VMs, and one table of what came of them. */
import { availableParallelism } from 'node:os';
import { parseDuration } from '../../base/duration.js';
import { UsageError } from '../../base/errors.js';
import type { NewMatrix } from '../../matrix/run-matrix.js';
import { defineCommand } from '../command.js';
import { ifGiven, wholeNumber } from '../option-values.js';
import type { RunOptions } from '../run/options.js';

const MAX_JOBS = 256;

export const matrixCommand = defineCommand({
  usage: 'matrix',
  describe: 'play cells on several kernels in VMs, print one table of what came of them; needs no root',
  lists: ['kernels', 'scenario', 'trigger', 'transport', 'mitigation', 'fail-on', 'failOn'],
  examples: [
    ['matrix --kernels 6.1,6.12,6.18,7.3 --scenario writeback-held', 'what changed between them'],
    ['matrix --kernels 6.1,7.3 --all --jobs 4', 'every cell, four guests at a time'],
    ['matrix --kernels 6.18,arch/x86/boot/bzImage --all', 'a stock kernel beside your own'],
    ['matrix --kernels 6.1,7.3 --all --shard 1/2 --out one', 'half of it; the other half elsewhere'],
    ['report merge one two', 'and one table of both'],
    ['matrix --resume one', 'go on with one that was broken off'],
  ],
  options: (yargs) =>
    yargs
      .option('kernels', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'as stuckfs vm run takes them, with commas between: 6.1,debian:7.3,bzImage,linux-image.deb',
      })
      .option('modules', { type: 'string', requiresArg: true, describe: 'of the bzImage among them' })
      .option('scenario', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'see stuckfs list',
      })
      .option('all', {
        type: 'boolean',
        default: false,
        describe: 'every scenario, trigger and transport, but for what other options narrow',
      })
      .option('trigger', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'how the kernel is asked for migration (default: compact, where the scenario has it)',
      })
      .option('transport', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'as of run',
      })
      .option('mitigation', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: "as of run; beside --all: none, unless some are named here, or 'all'",
      })
      .option('repeat', {
        type: 'string',
        default: '1',
        requiresArg: true,
        describe: 'play every cell so often in its boot',
      })
      .option('stuck', { type: 'string', default: '2M', requiresArg: true, describe: 'how much gets stuck' })
      .option('hold', {
        type: 'string',
        default: '1s',
        requiresArg: true,
        describe: 'how long it stays stuck',
      })
      .option('seed', { type: 'string', default: '1', requiresArg: true, describe: 'of every random choice' })
      .option('accel', {
        type: 'string',
        default: 'auto',
        requiresArg: true,
        describe: 'auto (kvm where a guest has booted with it), kvm or tcg',
      })
      .option('jobs', {
        type: 'string',
        requiresArg: true,
        describe: 'how many guests run at a time, memory permitting (default: one for each CPU)',
      })
      .option('shard', {
        type: 'string',
        requiresArg: true,
        describe: 'I/N: only the I-th of N parts; stuckfs report merge puts them together',
      })
      .option('time-limit', {
        type: 'string',
        requiresArg: true,
        describe: 'end after so long; what has not ended is unknown then, and --resume goes on',
      })
      .option('fail-on', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'exit 1 also where the verdict is unknown, or skip (nothing was played)',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'directory of the matrix, made new (default: runs/TIME-SCENARIO-matrix)',
      })
      .option('resume', {
        type: 'string',
        requiresArg: true,
        describe: 'directory of a matrix: play what of it has not ended, and again what gave no result',
      })
      .option('quiet', { type: 'boolean', default: false, describe: 'no progress on standard error' })
      .epilogue(
        'The directory has one for each kernel, in it the run directory of each boot, and matrix.json and matrix.txt. A ' +
          'guest that panics or hangs costs its boot, which is played again in two halves until the cell is found; that ' +
          'one is unknown, with the reason.',
      ),
  async run(argv, context) {
    const { accelWish, failOnVerdicts } = await import('../run/play.js');
    const { abortOnSignal } = await import('../run/interruption.js');
    const { newMatrix, resumeMatrix } = await import('../../matrix/run-matrix.js');
    const { cacheDirectory } = await import('../../vm/cache.js');
    const { Progress } = await import('../../scenario/progress.js');
    const failOn = failOnVerdicts(argv['fail-on']);
    const jobs = ifGiven(argv.jobs, (text) => wholeNumber('--jobs', text, { min: 1, max: MAX_JOBS }));
    const timeLimitMs = ifGiven(argv['time-limit'], timeLimit);
    const accel = accelWish(argv.accel);
    const asked = argv.resume === undefined ? await askedOf(argv) : undefined;
    if (argv.resume !== undefined) refuseBesideResume(context.words);
    const progress = new Progress(argv.quiet ? () => {} : (line) => process.stderr.write(line));
    const interruption = abortOnSignal((signal) => progress.step(`${signal}: ending the guests`));
    try {
      const options = {
        ...{ accel, timeLimitMs, jobs: jobs ?? availableParallelism() },
        cache: cacheDirectory(context.environment),
        progress: (line: string) => progress.step(line),
        signal: interruption.signal,
      };
      const { matrix, exitStatus, terminal } =
        asked === undefined
          ? await resumeMatrix(argv.resume ?? '', options)
          : await newMatrix(asked, options);
      if (argv.json) context.printJson(matrix);
      else context.print(terminal);
      context.setExitStatus(failOn.has(matrix.verdict) ? 1 : exitStatus);
    } finally {
      interruption.forget();
    }
  },
});

interface MatrixArgv
  extends Pick<
    RunOptions,
    'scenario' | 'all' | 'trigger' | 'transport' | 'mitigation' | 'repeat' | 'stuck' | 'hold' | 'seed' | 'out'
  > {
  readonly kernels: readonly string[];
  readonly modules: string | undefined;
  readonly shard: string | undefined;
}

async function askedOf(argv: MatrixArgv): Promise<NewMatrix> {
  const { wordsOf } = await import('../run/options.js');
  const { parseShard } = await import('../../matrix/shard.js');
  const { kernels, modules, shard, ...cells } = argv;
  const words = wordsOf(
    { ...nothingOfRun, ...cells, mitigation: mitigationsOf(argv) },
    { on: 'vm', because: 'a matrix is of VMs' },
  );
  const { all, transports, mitigations, repeat, stuckBytes, holdMs, seed } = words;
  return {
    kernels: kernelsOf(kernels),
    modules,
    cells: words,
    played: {
      ...{ all, repeat, stuckBytes, holdMs, seed },
      ...{ transports: [...transports], mitigations: [...mitigations] },
    },
    shard: ifGiven(shard, parseShard) ?? null,
    out: argv.out ?? `${words.out}-matrix`,
  };
}

/** To `stuckfs run --all` none means all, which would make a matrix of everything longer by a quarter. */
function mitigationsOf({
  all,
  mitigation,
}: Pick<MatrixArgv, 'all' | 'mitigation'>): MatrixArgv['mitigation'] {
  if (!all) return mitigation;
  if (mitigation.length === 0) return ['none'];
  return mitigation.includes('all') ? [] : mitigation;
}

/** Words of `stuckfs run` that a matrix does not have. */
const nothingOfRun = {
  ...{ name: [], junit: undefined, ktap: undefined, reports: 'all', 'fail-on': [], bisect: false },
  ...{ kernel: undefined, modules: undefined, accel: 'auto', quiet: false, json: false },
  'i-know-this-host-is-disposable': true,
};

function kernelsOf(given: readonly string[]): readonly string[] {
  const kernels = given.flatMap((list) => list.split(','));
  if (kernels.length > 0) return kernels;
  throw new UsageError(
    '--kernels',
    undefined,
    'is required: give some, as 6.1,6.12,6.18 (stuckfs vm kernels)',
  );
}

function timeLimit(text: string): number {
  const ms = parseDuration('--time-limit', text);
  if (ms >= 1000) return ms;
  throw new UsageError('--time-limit', text, 'give 1s or more');
}

const besideResume: ReadonlySet<string> = new Set([
  ...['resume', 'jobs', 'accel', 'time-limit', 'fail-on', 'quiet', 'json', 'log-level'],
]);

/** What is played is in the plan. */
function refuseBesideResume(words: readonly string[]): void {
  for (const word of words) {
    const [, name] = /^--([\w-]+)/.exec(word) ?? [];
    if (name !== undefined && !besideResume.has(name))
      throw new UsageError(`--${name}`, word, 'contradicts --resume: what is played was said when it began');
  }
}
