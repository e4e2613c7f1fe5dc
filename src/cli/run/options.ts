/** The words of `stuckfs run` and `stuckfs vm run`: what is played, how long, and what is written where. */
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { parseDuration } from '../../base/duration.js';
import { UsageError } from '../../base/errors.js';
import { PAGE_BYTES } from '../../base/page-size.js';
import { parseSize } from '../../base/size.js';
import type { RunWords } from '../../scenario/run.js';
import type { Where } from '../../scenario/where-to-run.js';
import type { GlobalOptions } from '../command.js';
import { wholeNumber } from '../option-values.js';

const MIN_STUCK_BYTES = 1 << 20;
const MAX_STUCK_BYTES = 1024 ** 4;
const MAX_SEED = 0xffff_ffff;
const MAX_REPEAT = 1000;
/** An emulated CPU takes its time for more. */
const defaultStuck = { host: '64M', vm: '8M' } as const;

/** Options and positionals that may be given several times. */
export const runLists = ['name', 'scenario', 'trigger', 'transport', 'mitigation', 'fail-on', 'failOn'];

export function runOptions(yargs: Argv<GlobalOptions>) {
  return yargs
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
    .option('stuck', {
      type: 'string',
      requiresArg: true,
      describe: 'how much gets stuck (default: 64M; in a VM 8M)',
    })
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
    .option('quiet', { type: 'boolean', default: false, describe: 'no progress on standard error' })
    .option('kernel', {
      type: 'string',
      requiresArg: true,
      describe: 'of the VM: debian:6.12 or the like, a bzImage, a .deb (default: debian:6.18)',
    })
    .option('modules', {
      type: 'string',
      requiresArg: true,
      describe: 'of a bzImage: what make modules_install made',
    })
    .option('accel', {
      type: 'string',
      default: 'auto',
      requiresArg: true,
      describe: 'of the VM: auto (kvm where a guest has booted with it), kvm or tcg',
    });
}

export interface RunOptions {
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
  readonly stuck: string | undefined;
  readonly hold: string;
  readonly seed: string;
  readonly out: string | undefined;
  readonly reports: string;
  /** Of the VM. */
  readonly kernel: string | undefined;
  readonly modules: string | undefined;
  readonly accel: string;
  readonly bisect: boolean;
  readonly 'fail-on': readonly string[];
  readonly quiet: boolean;
  readonly json: boolean;
}

/**
 * @throws {UsageError}
 */
export function wordsOf(argv: RunOptions, { on, because }: Where): RunWords {
  const scenarios = scenariosOf(argv);
  return {
    scenarios,
    all: argv.all,
    triggers: argv.trigger,
    transports: argv.transport,
    mitigations: argv.mitigation,
    repeat: wholeNumber('--repeat', argv.repeat, { min: 1, max: MAX_REPEAT }),
    disposable: argv['i-know-this-host-is-disposable'],
    because,
    stuckBytes: stuckBytes(argv.stuck ?? defaultStuck[on]),
    holdMs: holdMs(argv.hold),
    seed: wholeNumber('--seed', argv.seed, { min: 0, max: MAX_SEED }),
    reports: reportsOf(argv.reports),
    out: argv.out ?? join('runs', `${stamp()}-${scenarios.length === 0 ? 'all' : scenarios.join('-')}`),
    progress: argv.quiet ? () => {} : (line) => process.stderr.write(line),
  };
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
