/**
 * `stuckfs unplug`: every request held from now on, as if the cable were pulled.
 */
import { defineCommand } from '../command.js';
import { withTarget } from '../target-options.js';

export const unplugCommand = defineCommand({
  usage: 'unplug',
  describe: 'hold every request from now on, as if the cable were pulled; plug ends it',
  examples: [['unplug -m /mnt/stuck', 'whoever asks the mount for anything waits, whatever the faults say']],
  options: (yargs) => withTarget(yargs),
  run: async (argv, context) => {
    const { connectToDaemon } = await import('../daemon-target.js');
    const answer = await (await connectToDaemon(argv, context)).unplug();
    if (argv.json) context.printJson(answer);
    else context.print(answer.changed ? 'unplugged' : 'it was unplugged already');
  },
});
