/**
 * `stuckfs unmount`: asks the daemon to release everything, to unmount and to end.
 */
import { StuckfsError } from '../../base/errors.js';
import { ControlError } from '../../control/contract/errors.js';
import { describeBytes, describeCount } from '../amounts.js';
import { defineCommand } from '../command.js';
import { connectToDaemon, mountPointNamed } from '../daemon-target.js';

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
    const client = await connectToDaemon({ mount: argv.mountpoint, mountField: 'MOUNTPOINT' }, context);
    try {
      const answer = await client.unmount({ force: argv.force }, { timeoutMs: unmountTimeoutMs });
      const released = `${describeCount(answer.released, 'held request')} released, ${describeBytes(answer.bytes)}`;
      if (argv.json) context.printJson(answer);
      else
        context.print(
          `unmounted ${argv.mountpoint}; ${released}${answer.detached ? '; it was in use and is detached' : ''}`,
        );
    } catch (error) {
      if (error instanceof ControlError && isSilence(error))
        throw new SilentDaemonError(argv.mountpoint, error);
      throw error;
    }
  },
});

function isSilence({ code }: ControlError): boolean {
  return code === 'NO_DAEMON' || code === 'TIMEOUT' || code === 'BAD_ANSWER';
}

class SilentDaemonError extends StuckfsError {
  override readonly code = 'DAEMON_SILENT';
  override readonly exitStatus: number;

  constructor(mountPoint: string, cause: ControlError) {
    super(`${cause.message}; if it stays so, run stuckfs rescue --mount ${mountPointNamed(mountPoint)}`, {
      cause,
    });
    this.exitStatus = cause.exitStatus;
  }
}
