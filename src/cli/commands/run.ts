/** `stuckfs run SCENARIO…`: the main job. Runs scenarios on this kernel, prints the report, exits by the verdict. */

import { join } from 'node:path';
import { parseDuration } from '../../base/duration.js';
import { UsageError } from '../../base/errors.js';
import { PAGE_BYTES } from '../../base/page-size.js';
import { parseSize } from '../../base/size.js';
import type { RunJson, Verdict } from '../../report/run-json.js';
import type { RunWords } from '../../scenario/run.js';
import { type CommandContext, defineCommand } from '../command.js';
import { wholeNumber } from '../option-values.js';
import { OutputFile } from '../output-file.js';

const MIN_STUCK_BYTES = 1 << 20;
const MAX_STUCK_BYTES = 1024 ** 4;
const MAX_SEED = 0xffff_ffff;
const MAX_REPEAT = 1000;

export const runCommand = defineCommand({
  usage: 'run [name..]',
  describe: 'make folios stuck, ask the kernel to migrate them, say with evidence what happened',
  lists: ['name', 'scenario', 'trigger', 'transport', 'mitigation', 'fail-on', 'failOn'],
  examples: [
    ['run writeback-held', 'withhold writeback acks and compact memory'],
    ['run writeback-held --stuck 1G --hold 20s', 'more, and for longer'],
    ['run healthy writeback-held --json', 'run.json on standard output'],
    ['run --all', 'every cell that this machine allows, one after the other'],
    ['run --all --trigger compact-node --repeat 3', 'of those the ones of one trigger, three times'],
    ['run writeback-held --mitigation abort', 'and how long until an abort frees the folios'],
    ['run writeback-held-mmap --transport libfuse', 'on one transport only'],
  ],
  options: (yargs) =>
    yargs
      .positional('name', {
        type: 'string',
        array: true,
        default: [],
        describe: 'of a scenario: see stuckfs list',
      })
      .option('scenario', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'see stuckfs list; the same as a word without an option',
      })
      .option('all', {
        type: 'boolean',
        default: false,
        describe: 'every scenario, trigger, transport and mitigation, but for what other options narrow',
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
        describe: 'how requests are moved: dev-fuse, libfuse (default: whatever the scenario is about)',
      })
      .option('mitigation', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'arms with this mitigation, too; none: only the arms without',
      })
      .option('repeat', {
        type: 'string',
        default: '1',
        requiresArg: true,
        describe: 'play every cell so often; one that does not come out the same way each time is unknown',
      })
      .option('fail-on', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'exit 1 also where the verdict of the run is unknown, or skip (nothing was played)',
      })
      .option('bisect', {
        type: 'boolean',
        default: false,
        describe: 'exit as git bisect run wants it: 0 as expected, 1 not, 125 where nothing can be said',
      })
      .option('junit', {
        type: 'string',
        requiresArg: true,
        describe: 'file to write as JUnit XML; the run directory has it as junit.xml, too',
      })
      .option('ktap', { type: 'string', requiresArg: true, describe: 'the same as KTAP' })
      .option('i-know-this-host-is-disposable', {
        type: 'boolean',
        default: false,
        describe:
          'pull triggers, too, that can take memory or service from this machine for good, or, in a container, that of others',
      })
      .option('on', {
        type: 'string',
        default: 'auto',
        requiresArg: true,
        describe: 'host: this kernel; auto: this kernel where it is disposable (a VM guest or a container)',
      })
      .option('stuck', { type: 'string', default: '64M', requiresArg: true, describe: 'how much gets stuck' })
      .option('hold', {
        type: 'string',
        default: '5s',
        requiresArg: true,
        describe: 'how long it stays stuck',
      })
      .option('seed', { type: 'string', default: '1', requiresArg: true, describe: 'of every random choice' })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'directory of the run, made new (default: runs/TIME-SCENARIO)',
      })
      .option('reports', {
        type: 'string',
        default: 'all',
        requiresArg: true,
        describe: 'verdict: only run.json is made, and the others by stuckfs report, elsewhere',
      })
      .option('quiet', { type: 'boolean', default: false, describe: 'no progress on standard error' }),
  async run(argv, context) {
    const failOn = failOnVerdicts(argv['fail-on']);
    if (!argv.bisect)
      return runAndReport(argv, context, (verdict, status) => (failOn.has(verdict) ? 1 : status));
    if (failOn.size > 0)
      throw new UsageError(
        '--fail-on',
        [...failOn].join(' '),
        'contradicts --bisect, which has its own statuses',
      );
    const { bisectStatusOf } = await import('../../report/verdict.js');
    return runAndReport(argv, context, (verdict) => bisectStatusOf[verdict]);
  },
});

interface RunOptions {
  readonly name: readonly string[];
  readonly scenario: readonly string[];
  readonly all: boolean;
  readonly trigger: readonly string[];
  readonly transport: readonly string[];
  readonly mitigation: readonly string[];
  readonly repeat: string;
  readonly junit: string | undefined;
  readonly ktap: string | undefined;
  readonly 'i-know-this-host-is-disposable': boolean;
  readonly on: string;
  readonly stuck: string;
  readonly hold: string;
  readonly seed: string;
  readonly out: string | undefined;
  readonly reports: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

async function runAndReport(
  argv: RunOptions,
  context: CommandContext,
  statusOf: (verdict: Verdict, status: number) => number,
): Promise<void> {
  const { runScenarios } = await import('../../scenario/run.js');
  const words = runWords(argv);
  const outputs = await openOutputs(argv);
  const { verdict, exitStatus, terminal } = await runScenarios(words).catch((error: unknown) => {
    for (const { file } of outputs) file.discard();
    throw error;
  });
  for (const { file, render } of outputs) file.write(render(verdict));
  if (argv.json) context.printJson(verdict);
  else context.print(terminal);
  context.setExitStatus(statusOf(verdict.verdict, exitStatus));
}

function runWords(argv: RunOptions): RunWords {
  const scenarios = scenariosOf(argv);
  return {
    scenarios,
    all: argv.all,
    triggers: argv.trigger,
    transports: argv.transport,
    mitigations: argv.mitigation,
    repeat: wholeNumber('--repeat', argv.repeat, { min: 1, max: MAX_REPEAT }),
    disposable: argv['i-know-this-host-is-disposable'],
    on: argv.on,
    stuckBytes: stuckBytes(argv.stuck),
    holdMs: holdMs(argv.hold),
    seed: wholeNumber('--seed', argv.seed, { min: 0, max: MAX_SEED }),
    reports: reportsOf(argv.reports),
    out: argv.out ?? join('runs', `${stamp()}-${scenarios.length === 0 ? 'all' : scenarios.join('-')}`),
    progress: argv.quiet ? () => {} : (line) => process.stderr.write(line),
  };
}

interface Output {
  readonly file: OutputFile;
  readonly render: (run: RunJson) => string;
}

/** Before anything is started: that a file cannot be written must not come out after an hour. */
async function openOutputs({ junit, ktap }: RunOptions): Promise<Output[]> {
  const outputs: Output[] = [];
  try {
    if (junit !== undefined) {
      const { renderJunit } = await import('../../report/render/junit.js');
      outputs.push({ file: OutputFile.open('--junit', junit), render: renderJunit });
    }
    if (ktap !== undefined) {
      const { renderKtap } = await import('../../report/render/ktap.js');
      outputs.push({ file: OutputFile.open('--ktap', ktap), render: renderKtap });
    }
    const [one, other] = outputs;
    if (one !== undefined && other?.file.isSameAs(one.file))
      throw new UsageError('--ktap', ktap, 'is the file of --junit, too: give each its own');
    return outputs;
  } catch (error) {
    for (const { file } of outputs) file.discard();
    throw error;
  }
}

/** Without --all both ways of naming add up; what narrows it must say one thing. */
function scenariosOf({ name, scenario, all }: RunOptions): readonly string[] {
  const named = [...new Set([...name, ...scenario])];
  const isOneThing = [name, scenario].every(
    (ids) => ids.length === 0 || named.every((id) => ids.includes(id)),
  );
  if (!all || isOneThing) return named;
  throw new UsageError(
    '--scenario',
    scenario.join(' '),
    `contradicts ${name.join(' ')}, given without an option, where --all is to be narrowed: give one of both`,
  );
}

function reportsOf(given: string): RunWords['reports'] {
  if (given === 'all' || given === 'verdict') return given;
  throw new UsageError('--reports', given, 'give all or verdict');
}

function failOnVerdicts(given: readonly string[]): ReadonlySet<string> {
  const wrong = given.find((one) => one !== 'unknown' && one !== 'skip');
  if (wrong !== undefined) throw new UsageError('--fail-on', wrong, 'give unknown or skip');
  return new Set(given);
}

function stuckBytes(text: string): number {
  const bytes = parseSize('--stuck', text);
  if (bytes < MIN_STUCK_BYTES || bytes > MAX_STUCK_BYTES || bytes % PAGE_BYTES !== 0) {
    throw new UsageError('--stuck', text, 'give a size from 1M to 1T, a multiple of 4096 bytes');
  }
  return bytes;
}

function holdMs(text: string): number {
  const ms = parseDuration('--hold', text);
  if (ms < 100 || ms > 3_600_000) throw new UsageError('--hold', text, 'give a time from 100ms to 1h');
  return Math.round(ms);
}

/** 20261124-015512, in local time: sorts by time, and is a name that every shell takes. */
function stamp(): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
