/** `stuckfs run` and `stuckfs vm run`, from the words to the exit status: here, or in guests. */
import { UsageError } from '../../base/errors.js';
import type { Verdict } from '../../report/run-json.js';
import type { RunResult } from '../../scenario/run.js';
import type { Where } from '../../scenario/where-to-run.js';
import type { AccelWish } from '../../vm/accel.js';
import type { CommandContext } from '../command.js';
import { type RunOptions, wordsOf } from './options.js';
import { openOutputs } from './outputs.js';

const defaultKernel = 'debian:6.18';

export async function playAndReport(argv: RunOptions, where: Where, context: CommandContext): Promise<void> {
  const statusOf = await statuses(argv);
  const words = wordsOf(argv, where);
  if (where.on === 'host') refuseGuestWords(argv);
  else accelWish(argv.accel);
  const outputs = await openOutputs(argv);
  const { verdict, exitStatus, terminal } = await play(argv, words, where, context).catch(
    (error: unknown) => {
      for (const { file } of outputs) file.discard();
      throw error;
    },
  );
  for (const { file, render } of outputs) file.write(render(verdict));
  if (argv.json) context.printJson(verdict);
  else context.print(terminal);
  context.setExitStatus(statusOf(verdict.verdict, exitStatus));
}

async function play(
  argv: RunOptions,
  words: ReturnType<typeof wordsOf>,
  { on, because }: Where,
  { environment }: CommandContext,
): Promise<RunResult> {
  if (on === 'host') {
    const { runScenarios } = await import('../../scenario/run.js');
    return runScenarios(words);
  }
  const { runInGuests } = await import('./in-guests.js');
  words.progress(`on vm: ${because}\n`);
  return runInGuests(words, {
    kernel: argv.kernel ?? defaultKernel,
    modules: argv.modules,
    accel: accelWish(argv.accel),
    environment,
  });
}

async function statuses({
  bisect,
  'fail-on': given,
}: RunOptions): Promise<(verdict: Verdict, status: number) => number> {
  const failOn = failOnVerdicts(given);
  if (!bisect) return (verdict, status) => (failOn.has(verdict) ? 1 : status);
  if (failOn.size > 0)
    throw new UsageError(
      '--fail-on',
      [...failOn].join(' '),
      'contradicts --bisect, which has its own statuses',
    );
  const { bisectStatusOf } = await import('../../report/verdict.js');
  return (verdict) => bisectStatusOf[verdict];
}

export function failOnVerdicts(given: readonly string[]): ReadonlySet<string> {
  const wrong = given.find((one) => one !== 'unknown' && one !== 'skip');
  if (wrong !== undefined) throw new UsageError('--fail-on', wrong, 'give unknown or skip');
  return new Set(given);
}

function refuseGuestWords({ modules, accel }: RunOptions): void {
  if (modules !== undefined)
    throw new UsageError('--modules', modules, 'goes with --kernel, which is booted in a VM');
  if (accelWish(accel) !== 'auto')
    throw new UsageError('--accel', accel, 'is of a VM, and this run is on this kernel: give --on vm');
}

export function accelWish(given: string): AccelWish {
  if (given === 'auto' || given === 'kvm' || given === 'tcg') return given;
  throw new UsageError('--accel', given, 'give auto, kvm or tcg');
}
