/**
 * `stuckfs plug`: ends `stuckfs unplug` and answers what it held.
 */
import { describeBytes, describeCount } from '../amounts.js';
import { defineCommand } from '../command.js';
import { withTarget } from '../target-options.js';

/** Tens of thousands of replies take a while. */
const plugTimeoutMs = 60_000;

export const plugCommand = defineCommand({
  usage: 'plug',
  describe: 'end unplug: answer what it held, in order of arrival; what faults hold stays held',
  examples: [['plug -m /mnt/stuck', 'everybody goes on']],
  options: (yargs) => withTarget(yargs),
  run: async (argv, context) => {
    const { connectToDaemon } = await import('../daemon-target.js');
    const client = await connectToDaemon(argv, context);
    const answer = await client.plug({ timeoutMs: plugTimeoutMs });
    if (argv.json) context.printJson(answer);
    else {
      const { changed, released, bytes, remaining } = answer;
      context.print(
        changed
          ? `plugged; ${describeCount(released, 'request')} answered, ${describeBytes(bytes)}; ${remaining} still held`
          : `it was not unplugged; ${remaining} still held`,
      );
    }
  },
});
