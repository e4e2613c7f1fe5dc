/**
 * `stuckfs plan`: a file of named phases, checked as a whole and then carried out by a daemon.
 */
import { UsageError } from '../../base/errors.js';
import type { PlanStatus } from '../../control/contract/plans.js';
import { type Command, type CommandContext, defineCommand, defineGroup } from '../command.js';
import { withTarget } from '../target-options.js';

const parent = ['plan'];
const file = { type: 'string', demandOption: true, describe: 'YAML or JSON; - is standard input' } as const;

/** Of a positional that is a lone -, yargs makes an empty text. */
function fileOf({ file }: { readonly file: string }, { words }: CommandContext): string {
  return file === '' && words.includes('-') ? '-' : file;
}

/** What the daemon has against a plan names a field of it; the file comes in front. */
async function ofFile<T>(file: string, answer: Promise<T>): Promise<T> {
  const { ControlError } = await import('../../control/contract/errors.js');
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ControlError) || error.code !== 'VALIDATION') throw error;
    throw new ControlError('VALIDATION', `${file}: ${error.message}`, { cause: error });
  }
}

const check: Command = defineCommand(
  {
    usage: 'check <file>',
    describe: 'check a plan; needs no daemon',
    examples: [
      ['plan check plan.yaml', 'the phases, or file, line and field of what is wrong'],
      ['plan check --json plan.yaml', 'the plan in its normal form'],
    ],
    options: (yargs) => yargs.positional('file', file),
    run: async (argv, context) => {
      const { readPlan } = await import('../plan-file.js');
      const { describePlan } = await import('../plan-text.js');
      const { plan } = await readPlan('FILE', fileOf(argv, context));
      if (argv.json) context.printJson(plan);
      else context.print(describePlan(plan));
    },
  },
  parent,
);

const run: Command = defineCommand(
  {
    usage: 'run <file>',
    describe: 'start a plan; one daemon carries out one at a time',
    examples: [
      ['plan run plan.yaml', 'returns once it has begun'],
      ['plan run --wait --timeout 1m plan.yaml', 'returns at its end; exit 3 when that takes longer'],
    ],
    options: (yargs) =>
      withTarget(yargs)
        .positional('file', file)
        .option('wait', { type: 'boolean', default: false, describe: 'until the plan is at its end' })
        .option('timeout', { type: 'string', requiresArg: true, describe: 'of --wait (2m)' }),
    run: async (argv, context) => {
      const { readPlan } = await import('../plan-file.js');
      const { parseDuration } = await import('../../base/duration.js');
      const { connectToDaemon } = await import('../daemon-target.js');
      if (argv.timeout !== undefined && !argv.wait)
        throw new UsageError('--timeout', argv.timeout, 'goes with --wait only');
      const timeoutMs = argv.timeout === undefined ? 120_000 : parseDuration('--timeout', argv.timeout);
      const { plan } = await readPlan('FILE', fileOf(argv, context));
      const client = await connectToDaemon(argv, context);
      const started = await ofFile(argv.file, client.startPlan(plan));
      await show(argv.wait ? await client.waitForPlan({ timeoutMs }) : started, argv.json, context);
    },
  },
  parent,
);

const status: Command = defineCommand(
  {
    usage: 'status',
    describe: 'the plan that runs, or the last one, and how far it is',
    examples: [['plan status', 'its phases, and what it waits for']],
    options: (yargs) => withTarget(yargs),
    run: async (argv, context) => {
      const { connectToDaemon } = await import('../daemon-target.js');
      const answer = await (await connectToDaemon(argv, context)).plan();
      if (argv.json) context.printJson(answer);
      else await show(answer, false, context, { isReport: true });
    },
  },
  parent,
);

const stop: Command = defineCommand(
  {
    usage: 'stop',
    describe: 'end the plan and remove its faults; what they hold stays held',
    examples: [['plan stop', 'then release answers what it held']],
    options: (yargs) => withTarget(yargs),
    run: async (argv, context) => {
      const { connectToDaemon } = await import('../daemon-target.js');
      const answer = await (await connectToDaemon(argv, context)).stopPlan();
      await show(answer, argv.json, context, { isReport: true });
    },
  },
  parent,
);

/** A plan that was to come to its end and did not is a failure, unless it was only asked how it is. */
async function show(
  answer: PlanStatus,
  asJson: boolean,
  context: CommandContext,
  { isReport = false }: { readonly isReport?: boolean } = {},
): Promise<void> {
  const { describePlanStatus } = await import('../plan-text.js');
  if (asJson) context.printJson(answer);
  else context.print(describePlanStatus(answer));
  if (!isReport && (answer.state === 'failed' || answer.state === 'stopped')) context.setExitStatus(1);
}

export const planCommand = defineGroup('plan', 'fault plans: check, run, status, stop', [
  check,
  run,
  status,
  stop,
]);
