/** `stuckfs report DIR…`: reports again, from the run directories alone; needs neither root nor this kernel. */
import { UsageError } from '../../base/errors.js';
import type { DiffJson } from '../../report/diff/diff-json.js';
import type { Format } from '../../report/render/render.js';
import type { Verdict } from '../../report/run-json.js';
import { defineCommand } from '../command.js';
import { reportMergeCommand } from './report-merge.js';

export const reportCommand = defineCommand({
  usage: 'report <directory..>',
  describe: 'print the report of a run again, from its directory alone; or what differs between two',
  lists: ['directory'],
  commands: [reportMergeCommand],
  examples: [
    ['report runs/20261124-015512-writeback-held', 'on any machine'],
    ['report runs/20261124-015512-writeback-held --format html --output held.html', 'one page, to mail'],
    ['report runs/20261124-015512-writeback-held --format ktap', 'for a CI that reads KTAP'],
    ['report runs/on-6.12 runs/on-6.18 --diff', 'what changed; exits 1 where an outcome did'],
  ],
  options: (yargs) =>
    yargs
      .positional('directory', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'of a run; several are reported one after the other',
      })
      // Not of the commands below it.
      .option('diff', {
        global: false,
        type: 'boolean',
        default: false,
        describe: 'of exactly two: what changed, cell by cell; exit status 1 where an outcome did, else 0',
      })
      .option('format', {
        global: false,
        type: 'string',
        requiresArg: true,
        describe: 'terminal (the default), json, ktap, junit, perfetto (Chrome trace events) or html',
      })
      .option('output', {
        global: false,
        type: 'string',
        requiresArg: true,
        describe: 'file to write instead of standard output',
      }),
  async run(argv, context) {
    const { formats } = await import('../../report/render/render.js');
    const asked = argv.format ?? (argv.json ? 'json' : 'terminal');
    const format = formats.find((one) => one === asked);
    if (format === undefined) throw new UsageError('--format', asked, `give one of ${formats.join(', ')}`);
    if (argv.json && format !== 'json') throw new UsageError('--format', format, 'contradicts --json');
    const { directory: directories, diff } = argv;
    if (format !== 'terminal' && format !== 'json') {
      if (diff) throw new UsageError('--format', format, 'contradicts --diff, which has terminal and json');
      if (directories.length > 1)
        throw new UsageError('--format', format, 'is one document of one run: give one directory');
    }
    const { text, status } = await (diff ? difference : reports)(directories, format);
    if (argv.output === undefined) context.print(text);
    else {
      const { writeOutputFile } = await import('../output-file.js');
      writeOutputFile('--output', argv.output, text);
    }
    context.setExitStatus(status);
  },
});

interface Printed {
  readonly text: string;
  readonly status: number;
}

async function reports(directories: readonly string[], format: Format): Promise<Printed> {
  const { RunDirectory } = await import('../../record/run-directory.js');
  const { readReport } = await import('../../report/write.js');
  const { exitStatusOf, worst } = await import('../../report/verdict.js');
  const { render } = await import('../../report/render/render.js');
  const texts: string[] = [];
  const verdicts: Verdict[] = [];
  for (const path of directories) {
    const directory = RunDirectory.open(path);
    const report = readReport(directory);
    texts.push(await render(format, report, directory));
    verdicts.push(report.verdict);
  }
  return { text: together(directories, texts, format), status: exitStatusOf[worst(verdicts)] };
}

/** One document in any case: a list of several. */
function together(directories: readonly string[], texts: readonly string[], format: Format): string {
  const [only = ''] = texts;
  if (texts.length === 1) return only;
  if (format === 'json') return `[${texts.map((text) => text.trimEnd()).join(',\n')}]\n`;
  return texts.map((text, index) => `${directories[index]}\n${text}`).join('\n');
}

async function difference(directories: readonly string[], format: Format): Promise<Printed> {
  const [before, after, ...more] = directories;
  if (before === undefined || after === undefined || more.length > 0)
    throw new UsageError('--diff', directories.join(' '), 'compares two runs: give two directories');
  const { RunDirectory } = await import('../../record/run-directory.js');
  const { readEnvironment, readReport } = await import('../../report/write.js');
  const { diffRuns } = await import('../../report/diff/diff.js');
  const { renderDiff } = await import('../../report/diff/render-diff.js');
  const read = (path: string) => {
    const directory = RunDirectory.open(path);
    return {
      directory: path,
      report: readReport(directory),
      environment: readEnvironment(directory).json,
    };
  };
  const found: DiffJson = diffRuns(read(before), read(after));
  const text = format === 'json' ? `${JSON.stringify(found, null, 2)}\n` : renderDiff(found);
  return { text, status: found.outcomesChanged ? 1 : 0 };
}
