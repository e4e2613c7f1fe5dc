/**
 * The options that say which daemon is meant. Loads nothing, as every command's help needs it.
 */
import type { Argv } from 'yargs';

export interface TargetOptions {
  readonly mount?: string | undefined;
  /** What the user calls `mount`; --mount unless told. */
  readonly mountField?: string | undefined;
  readonly socket?: string | undefined;
}

/** -m and --socket, for every command that talks to a daemon. */
export function withTarget<Options>(yargs: Argv<Options>) {
  return yargs
    .option('mount', {
      alias: 'm',
      type: 'string',
      requiresArg: true,
      describe: 'the daemon of this mount point; needed only where several run',
    })
    .option('socket', {
      type: 'string',
      requiresArg: true,
      describe: 'the control socket of the daemon (environment: STUCKFS_SOCKET)',
    });
}
