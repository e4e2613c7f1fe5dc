/** `stuckfs run SCENARIO…`: the main job. Runs scenarios on this kernel or in a VM, prints the report, exits by the verdict. */
import { defineCommand } from '../command.js';
import { runLists, runOptions } from '../run/options.js';

export const runCommand = defineCommand({
  usage: 'run [name..]',
  describe: 'make folios stuck, ask the kernel to migrate them, say with evidence what happened',
  lists: runLists,
  examples: [
    ['run writeback-held', 'withhold writeback acks and compact memory'],
    ['run writeback-held --stuck 1G --hold 20s', 'more, and for longer'],
    ['run healthy writeback-held --json', 'run.json on standard output'],
    ['run --all', 'every cell that this machine allows, one after the other'],
    ['run --all --trigger compact-node --repeat 3', 'of those the ones of one trigger, three times'],
    ['run writeback-held --mitigation abort', 'and how long until an abort frees the folios'],
    ['run writeback-held-mmap --transport libfuse', 'on one transport only'],
    ['run writeback-held --on vm --kernel debian:6.12', 'on another kernel, in a VM, without root'],
  ],
  options: (yargs) =>
    runOptions(yargs).option('on', {
      type: 'string',
      default: 'auto',
      requiresArg: true,
      describe:
        'host: this kernel; vm: another in a VM (stuckfs vm run); auto: this one where it is disposable (a VM guest or ' +
        'a container), else vm',
    }),
  async run(argv, context) {
    const { whereToRun } = await import('../../scenario/where-to-run.js');
    const { playAndReport } = await import('../run/play.js');
    await playAndReport(argv, whereToRun(argv.on, argv.kernel), context);
  },
});
