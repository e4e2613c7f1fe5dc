/**
 * `stuckfs unmount`: asks the daemon to release everything, to unmount and to end.
 */
import { describeBytes, describeCount } from '../amounts.js';
import { defineCommand } from '../command.js';

/** Writing back what was dirtied meanwhile may take its time. */
const unmountTimeoutMs = 60_000;

export const unmountCommand = defineCommand({
  usage: 'unmount <mountpoint>',
  describe: 'release everything, unmount, and end the daemon',
  examples: [
    ['unmount /mnt/stuck', 'as umount(8), but also where requests are held'],
    ['unmount --force /mnt/stuck', 'also while files are open: detached, and the connection aborted'],
  ],
  options: (yargs) =>
    yargs
      .positional('mountpoint', { type: 'string', demandOption: true, describe: 'the directory' })
      .option('force', { type: 'boolean', default: false, describe: 'also a mount that is in use' }),
  run: async (argv, context) => {
    const { connectToDaemon } = await import('../daemon-target.js');
    const { orRescue } = await import('../silent-daemon.js');
    const { daemonsOfMount, waitForEnd } = await import('../daemon-end.js');
    const daemons = daemonsOfMount(argv.mountpoint, context.environment);
    const client = await connectToDaemon({ mount: argv.mountpoint, mountField: 'MOUNTPOINT' }, context);
    const answer = await orRescue(
      argv.mountpoint,
      client.unmount({ force: argv.force }, { timeoutMs: unmountTimeoutMs }),
    );
    await waitForEnd(argv.mountpoint, daemons);
    if (argv.json) context.printJson(answer);
    else {
      const released = `${describeCount(answer.released, 'held request')} released, ${describeBytes(answer.bytes)}`;
      const detached = answer.detached ? '; it was in use and is detached' : '';
      context.print(`unmounted ${argv.mountpoint}; ${released}${detached}`);
    }
  },
});
