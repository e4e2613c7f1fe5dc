/** `stuckfs report DIR`: the report again, from the run directory alone; needs neither root nor this kernel. */
import { defineCommand } from '../command.js';

export const reportCommand = defineCommand({
  usage: 'report <directory>',
  describe: 'print the report of a run again, from its directory alone',
  examples: [['report runs/20261124-015512-writeback-held', 'on any machine']],
  options: (yargs) =>
    yargs.positional('directory', { type: 'string', demandOption: true, describe: 'of the run' }),
  async run(argv, context) {
    const { RunDirectory } = await import('../../record/run-directory.js');
    const { readReport } = await import('../../report/write.js');
    const { exitStatusOf } = await import('../../report/verdict.js');
    const { renderTerminal } = await import('../../report/terminal.js');
    const report = readReport(RunDirectory.open(argv.directory));
    if (argv.json) context.printJson(report);
    else context.print(renderTerminal(report));
    context.setExitStatus(exitStatusOf[report.verdict]);
  },
});
