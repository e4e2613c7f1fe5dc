/**
 * `stuckfs release`: answers held requests, all of them or those that match.
 */
import { describeBytes, describeCount } from '../amounts.js';
import { defineCommand } from '../command.js';
import { ifGiven, wholeNumber } from '../option-values.js';
import { withTarget } from '../target-options.js';

const identifier = { min: 1, max: Number.MAX_SAFE_INTEGER };
/** Tens of thousands of replies take a while. */
const releaseTimeoutMs = 60_000;

export const releaseCommand = defineCommand({
  usage: 'release',
  describe: 'answer held requests: all, or those that match every option; faults stay armed',
  lists: ['opcode', 'unique'],
  examples: [
    ['release', 'answer everything that is held'],
    ['release --opcode write --count 10 --reversed', 'answer the newest 10 WRITE requests'],
    ['release --unique 42 --unique 44', 'answer two of them'],
    ['release --never', 'answer everything, also what the action never holds'],
  ],
  options: (yargs) =>
    withTarget(yargs)
      .option('opcode', { type: 'string', array: true, requiresArg: true, describe: 'only these opcodes' })
      .option('path', { type: 'string', requiresArg: true, describe: 'only such paths, a glob: "/dir/**"' })
      .option('nodeid', { type: 'string', requiresArg: true, describe: 'only this inode' })
      .option('unique', { type: 'string', array: true, requiresArg: true, describe: 'only these requests' })
      .option('fault', {
        type: 'string',
        requiresArg: true,
        describe: 'only what the fault with this id holds',
      })
      .option('never', {
        type: 'boolean',
        default: false,
        describe: 'also what the action never holds; else only --unique and --fault reach it',
      })
      .option('count', { type: 'string', requiresArg: true, describe: 'at most so many' })
      .option('reversed', { type: 'boolean', default: false, describe: 'the newest first' }),
  run: async (argv, context) => {
    const { connectToDaemon } = await import('../daemon-target.js');
    const { readGlob, readNodeid, readOpcodes, readUnique } = await import('../held-filter.js');
    const opcodes = ifGivenList(argv.opcode, readOpcodes);
    const uniques = ifGivenList(argv.unique, (texts) =>
      texts.flatMap((text) => text.split(',')).map(readUnique),
    );
    const path = ifGiven(argv.path, readGlob);
    const nodeid = ifGiven(argv.nodeid, readNodeid);
    const faultId = ifGiven(argv.fault, (text) => wholeNumber('--fault', text, identifier));
    const count = ifGiven(argv.count, (text) => wholeNumber('--count', text, identifier));
    const client = await connectToDaemon(argv, context);
    const answer = await client.release(
      {
        ...(opcodes === undefined ? {} : { opcodes }),
        ...(uniques === undefined ? {} : { uniques }),
        ...(path === undefined ? {} : { path }),
        ...(nodeid === undefined ? {} : { nodeid }),
        ...(faultId === undefined ? {} : { faultId }),
        ...(argv.never ? { never: true } : {}),
        ...(count === undefined ? {} : { count }),
        order: argv.reversed ? 'reversed' : 'fifo',
      },
      { timeoutMs: releaseTimeoutMs },
    );
    if (argv.json) context.printJson(answer);
    else {
      const { released, bytes, remaining } = answer;
      context.print(
        `${describeCount(released, 'request')} released, ${describeBytes(bytes)}; ${remaining} still held`,
      );
    }
  },
});

function ifGivenList<T>(
  texts: readonly string[] | undefined,
  read: (texts: readonly string[]) => T,
): T | undefined {
  return texts === undefined || texts.length === 0 ? undefined : read(texts);
}
