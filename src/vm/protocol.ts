/**
 * What runner and guest agent say to each other over three virtio-serial ports, found in the guest by name in
 * /sys/class/virtio-ports/NAME/name. Both ends import it; it does nothing.
 *
 * job:    runner → agent, one line of JSON: a GuestJob.
 * log:    agent → runner, lines of JSON, each with the guest's CLOCK_BOOTTIME. The first comes as soon as the agent
 *         runs, a heartbeat every second, and the exit line is the last. Whoever writes it is no child of the job.
 * result: agent → runner, one tar of the run directory's content (regular files and directories, names relative to
 *         it) with its two closing zero blocks. Without a run directory only those. It goes before the exit line.
 */

export const portNames = {
  job: 'stuckfs.job',
  log: 'stuckfs.log',
  result: 'stuckfs.result',
} as const;

/** The run directory in the guest: what the agent sends when the job has ended. */
export const guestOut = '/out/run';

/** Every second, also while the job is stuck in the kernel. */
export const heartbeatMs = 1000;

/** Of the host, after the exit line: for what is still on its way. The host then ends the machine, as it does before with all in place. */
export const resultMs = 60_000;

export interface GuestJob {
  /** The words of `stuckfs`, without that word; `--out` among them is `guestOut`. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Deadlines in the guest are this many times as long: an emulated CPU is slow. */
  readonly patience: number;
  /** Then the agent kills the job and sends what there is of the run directory; the exit status is `overdueStatus`. */
  readonly deadlineMs?: number;
}

/** As timeout(1) has it. */
export const overdueStatus = 124;

export type GuestLine =
  /** Written by the job. */
  | { readonly t: number; readonly stream: 'stdout' | 'stderr'; readonly line: string }
  /** The job's exit status; 128 + N when signal N ended it. */
  | { readonly t: number; readonly exit: number }
  /** The heartbeat. */
  | { readonly t: number };

/** `t` is nanoseconds of the guest's boot clock. Undefined: no such line. */
export function parseGuestLine(text: string): GuestLine | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const { t, stream, line, exit } = json as Record<string, unknown>;
  if (typeof t !== 'number' || !Number.isSafeInteger(t) || t < 0) return undefined;
  if (exit !== undefined) return isExitStatus(exit) ? { t, exit } : undefined;
  if (stream === undefined && line === undefined) return { t };
  if ((stream !== 'stdout' && stream !== 'stderr') || typeof line !== 'string') return undefined;
  return { t, stream, line };
}

function isExitStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
