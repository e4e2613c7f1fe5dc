/** `stuckfs report merge DIR…`: the shards of a matrix in one table, or the table of a matrix again. */
import { UsageError } from '../../base/errors.js';
import { defineCommand } from '../command.js';

export const reportMergeCommand = defineCommand(
  {
    usage: 'merge <directory..>',
    describe: 'one table of the shards of a matrix, from their directories alone; or that of a matrix again',
    lists: ['directory'],
    examples: [
      ['report merge one two', 'what changed from kernel to kernel'],
      ['report merge one two --out whole', 'and a directory with all of it, as if it had been played as one'],
    ],
    options: (yargs) =>
      yargs
        .positional('directory', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'of a matrix, or of a shard of it',
        })
        .option('out', {
          type: 'string',
          requiresArg: true,
          describe: 'directory to make, with the run directories of all',
        }),
    async run(argv, context) {
      const { gatherMatrix } = await import('../../matrix/gather.js');
      const { joinShards } = await import('../../matrix/join-shards.js');
      const { MatrixDirectory } = await import('../../matrix/matrix-directory.js');
      const { renderMatrix } = await import('../../matrix/render-matrix.js');
      const { tell } = await import('../../matrix/run-matrix.js');
      const { exitStatusOf } = await import('../../report/verdict.js');
      const { outPath } = await import('../../scenario/out-path.js');
      const [first, ...more] = argv.directory.map((path) => MatrixDirectory.open('directory', path));
      if (first === undefined) throw new UsageError('directory', undefined, 'is required');
      const matrices = [first, ...more] as const;
      // Before anything is copied, what does not fit is refused.
      const gathered = gatherMatrix(matrices, process.cwd());
      const matrix = argv.out === undefined ? gathered : tell(joinShards(matrices, outPath(argv.out))).matrix;
      if (argv.json) context.printJson(matrix);
      else context.print(renderMatrix(matrix));
      context.setExitStatus(exitStatusOf[matrix.verdict]);
    },
  },
  ['report'],
);
