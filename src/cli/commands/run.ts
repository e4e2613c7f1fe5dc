/** `stuckfs run SCENARIO…`: the main job. Runs scenarios on this kernel, prints the report, exits by the verdict. */

import { join } from 'node:path';
import { parseDuration } from '../../base/duration.js';
import { UsageError } from '../../base/errors.js';
import { PAGE_BYTES } from '../../base/page-size.js';
import { parseSize } from '../../base/size.js';
import { defineCommand } from '../command.js';
import { wholeNumber } from '../option-values.js';

const MIN_STUCK_BYTES = 1 << 20;
const MAX_STUCK_BYTES = 1024 ** 4;
const MAX_SEED = 0xffff_ffff;

export const runCommand = defineCommand({
  usage: 'run [scenario..]',
  describe: 'make folios stuck, ask the kernel to migrate them, say with evidence what happened',
  lists: ['scenario', 'trigger', 'transport'],
  examples: [
    ['run writeback-held', 'withhold writeback acks and compact memory'],
    ['run writeback-held --stuck 1G --hold 20s', 'more, and for longer'],
    ['run healthy writeback-held --json', 'run.json on standard output'],
    ['run --all', 'every scenario, one after the other'],
    ['run writeback-held-mmap --transport libfuse', 'on one transport only'],
  ],
  options: (yargs) =>
    yargs
      .positional('scenario', {
        type: 'string',
        array: true,
        default: [],
        describe: 'see stuckfs list',
      })
      .option('all', { type: 'boolean', default: false, describe: 'every scenario that there is' })
      .option('trigger', {
        type: 'string',
        array: true,
        default: ['compact'],
        requiresArg: true,
        describe: 'how the kernel is asked for migration',
      })
      .option('transport', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'how requests are moved: dev-fuse, libfuse (default: whatever the scenario is about)',
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
      .option('i-know-this-host-is-disposable', {
        type: 'boolean',
        default: false,
        describe: 'also triggers that can take memory of this kernel for good',
      })
      .option('quiet', { type: 'boolean', default: false, describe: 'no progress on standard error' }),
  async run(argv, context) {
    const { runScenarios } = await import('../../scenario/run.js');
    const scenarios = await scenariosOf(argv.scenario, argv.all);
    const seed = wholeNumber('--seed', argv.seed, { min: 0, max: MAX_SEED });
    const { verdict, exitStatus, terminal } = await runScenarios({
      scenarios,
      triggers: argv.trigger,
      transports: argv.transport,
      on: argv.on,
      stuckBytes: stuckBytes(argv.stuck),
      holdMs: holdMs(argv.hold),
      seed,
      disposable: argv.iKnowThisHostIsDisposable,
      out: argv.out ?? join('runs', `${stamp()}-${argv.all ? 'all' : scenarios.join('-')}`),
      progress: argv.quiet ? () => {} : (line) => process.stderr.write(line),
    });
    if (argv.json) context.printJson(verdict);
    else context.print(terminal);
    context.setExitStatus(exitStatus);
  },
});

async function scenariosOf(given: readonly string[], all: boolean): Promise<readonly string[]> {
  const { scenarios } = await import('../../scenario/registry.js');
  if (all && given.length > 0)
    throw new UsageError('--all', given.join(' '), 'give --all or names of scenarios, not both');
  if (all) return scenarios.map(({ id }) => id);
  if (given.length > 0) return given;
  const known = scenarios.map(({ id }) => id).join(', ');
  throw new UsageError('scenario', '', `is missing: give --all, or some of ${known}`);
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
