/**
 * What every way of limiting the harm declares of itself: what it needs, when it acts, what it does to the connection.
 * It acts through the kernel's own files or the server's control socket, and never touches the mount.
 */

export type MitigationName = 'abort' | 'kill-server' | 'request-timeout' | 'bdi-limit' | 'release';

/** What a mitigation is given to act on. */
export interface MitigationTarget {
  /** The number of the FUSE connection. */
  readonly connection: number;
  /** Has the server let go of all that it withholds, or plugs it in again. */
  letGo(): Promise<void>;
  /**
   * SIGKILL of the server, whose watchdog has been told to leave the connection alone for a moment.  Resolves when the
   * process is gone, with all its descriptors.
   */
  killServer(): Promise<void>;
  /**
   * Waits until the kernel has ended the connection by itself.
   * @returns CLOCK_MONOTONIC ns at which it was last seen alive
   */
  untilEnded(): Promise<number>;
}

export interface Mitigation {
  readonly id: MitigationName;
  readonly description: string;
  /** The kernel function that does the work. */
  readonly kernelFunction: string;
  /** When it acts, as people read it: `before the mount`, `before the workload`, `once the trigger waits`. */
  readonly acts: 'before the mount' | 'before the workload' | 'once the trigger waits';
  /** Nothing of the server's is served after it: what was under way is lost. */
  readonly endsConnection: boolean;
  /** Sysctls that hold while the server mounts, and only then. */
  readonly whileMounting?: readonly (readonly [name: string, value: string])[];
  /** The limits of the bdi stay as the kernel sets them. */
  readonly keepsBdiLimits?: true;
  /** The requirement that this machine lacks, with the remedy; undefined where it can run. */
  missing(): string | undefined;
  /**
   * The act itself, once the trigger waits; absent where all was done before.
   * @returns CLOCK_MONOTONIC ns, no later than the act
   */
  act?(target: MitigationTarget): Promise<number>;
}

export const nothingMissing = (): undefined => undefined;

/** CLOCK_MONOTONIC, the clock of the trace. */
export function nowNs(): number {
  return Number(process.hrtime.bigint());
}
