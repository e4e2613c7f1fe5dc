/** `stuckfs report DIR`: the report again, from the run directory alone; needs neither root nor this kernel. */
import { UsageError } from '../../base/errors.js';
import { defineCommand } from '../command.js';

export const reportCommand = defineCommand({
  usage: 'report <directory>',
  describe: 'print the report of a run again, from its directory alone',
  examples: [
    ['report runs/20261124-015512-writeback-held', 'on any machine'],
    ['report runs/20261124-015512-writeback-held --format html --output held.html', 'one page, to mail'],
    ['report runs/20261124-015512-writeback-held --format ktap', 'for a CI that reads KTAP'],
  ],
  options: (yargs) =>
    yargs
      .positional('directory', { type: 'string', demandOption: true, describe: 'of the run' })
      .option('format', {
        type: 'string',
        requiresArg: true,
        describe: 'terminal (the default), json, ktap, junit, perfetto (Chrome trace events) or html',
      })
      .option('output', {
        type: 'string',
        requiresArg: true,
        describe: 'file to write instead of standard output',
      }),
  async run(argv, context) {
    const { RunDirectory } = await import('../../record/run-directory.js');
    const { readReport } = await import('../../report/write.js');
    const { exitStatusOf } = await import('../../report/verdict.js');
    const { render, formats } = await import('../../report/render/render.js');
    const asked = argv.format ?? (argv.json ? 'json' : 'terminal');
    const format = formats.find((one) => one === asked);
    if (format === undefined) throw new UsageError('--format', asked, `give one of ${formats.join(', ')}`);
    if (argv.json && format !== 'json') throw new UsageError('--format', format, 'contradicts --json');
    const directory = RunDirectory.open(argv.directory);
    const report = readReport(directory);
    const text = await render(format, report, directory);
    if (argv.output === undefined) context.print(text);
    else {
      const { writeOutputFile } = await import('../output-file.js');
      writeOutputFile('--output', argv.output, text);
    }
    context.setExitStatus(exitStatusOf[report.verdict]);
  },
});
