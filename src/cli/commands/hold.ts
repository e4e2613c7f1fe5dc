/**
 * `stuckfs hold`: a fault with the action hold, the shortest way to wedge a mount.
 */
import { defineCommand } from '../command.js';
import { withConditions } from '../condition-options.js';
import { withTarget } from '../target-options.js';

export const holdCommand = defineCommand({
  usage: 'hold [opcodes..]',
  describe: 'withhold replies: of these opcodes, or of all',
  lists: ['opcodes'],
  examples: [
    ['hold write', 'writeback never ends'],
    ['hold read --path "/dir/**" --range 1M-', 'readahead of some files never ends'],
    ['hold', 'every reply, those aside that an earlier fault decides'],
  ],
  options: (yargs) =>
    withTarget(withConditions(yargs)).positional('opcodes', {
      type: 'string',
      array: true,
      describe: 'write, read, fsync ... (also as a list: write,read)',
    }),
  run: async (argv, context) => {
    const { faultOf } = await import('../fault-words.js');
    const { armFault } = await import('../arm-fault.js');
    const opcodes = argv.opcodes ?? [];
    const fault = faultOf(['hold', ...(opcodes.length === 0 ? [] : [opcodes.join(',')])], argv);
    await armFault(fault, argv, context);
  },
});
