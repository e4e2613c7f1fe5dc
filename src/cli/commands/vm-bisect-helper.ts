/** `stuckfs vm bisect-helper`: prints the script with which `git bisect run` asks kernels of a tree. */
import { fileURLToPath } from 'node:url';
import { defineCommand } from '../command.js';

export const vmBisectHelperCommand = defineCommand(
  {
    usage: 'bisect-helper [name..]',
    describe: 'print a script for git bisect run in a kernel tree: build, boot, play, exit as git wants it',
    lists: ['name', 'trigger'],
    examples: [
      [
        'vm bisect-helper writeback-held > /tmp/bisect.sh',
        'then, in the tree: git bisect run sh /tmp/bisect.sh',
      ],
      ['vm bisect-helper splice-pinned --trigger move-pages', 'on a machine with two nodes'],
    ],
    options: (yargs) =>
      yargs
        .positional('name', {
          type: 'string',
          array: true,
          default: [],
          describe: 'of a scenario: see stuckfs list (default: writeback-held)',
        })
        .option('trigger', {
          type: 'string',
          array: true,
          default: [],
          requiresArg: true,
          describe: 'how the kernel is asked for migration (default: compact, where the scenario has it)',
        })
        .option('repeat', {
          type: 'string',
          default: '1',
          requiresArg: true,
          describe:
            'play every cell so often: a commit with which it does not come out the same way is skipped',
        })
        .epilogue('The script says how it is used, and what its exit statuses mean.'),
    async run(argv, context) {
      const { wholeNumber } = await import('../option-values.js');
      const { wantedCells } = await import('../../scenario/cells.js');
      const { scenarios } = await import('../../scenario/registry.js');
      const { triggers } = await import('../../trigger/registry.js');
      const { bisectScript } = await import('../../vm/bisect-script.js');
      const names = argv.name.length === 0 ? ['writeback-held'] : argv.name;
      const repeat = wholeNumber('--repeat', argv.repeat, { min: 1, max: 1000 });
      // A wrong word is told now, and not by every commit.
      const words = { scenarios: names, all: false, triggers: argv.trigger, transports: [], mitigations: [] };
      wantedCells(words, { scenarios, triggers });
      const main = fileURLToPath(new URL('../main.js', import.meta.url));
      const script = bisectScript({
        stuckfs: [process.execPath, main],
        played: [
          ...names,
          ...argv.trigger.flatMap((trigger) => ['--trigger', trigger]),
          ...(repeat === 1 ? [] : ['--repeat', `${repeat}`]),
        ],
      });
      if (argv.json) context.printJson({ script });
      else context.print(script);
    },
  },
  ['vm'],
);
