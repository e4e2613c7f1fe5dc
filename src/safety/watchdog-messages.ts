/**
 * The lines between the daemon, the runner and the watchdog: JSON, one object a line.
 * Checked by hand, as the watchdog has to be armed before anything else starts and so imports next to nothing.
 */

/** What the daemon writes to the watchdog. */
export type ToWatchdog = { readonly oldestHeldMs: number | null } | { readonly bye: true };

/**
 * What the runner writes into the leash: that it lets go of it, or that it is about to kill the daemon, whose death is
 * not to be answered by an abort for so long.
 */
export type IntoLeash = { readonly bye: true } | { readonly deathGraceMs: number };

/** What the watchdog writes to the daemon. */
export type FromWatchdog =
  | { readonly event: 'armed' }
  | { readonly event: 'refused'; readonly reason: string }
  /** The abort file is closed: nothing guards the mount any more. */
  | { readonly event: 'disarmed' }
  | { readonly event: 'aborted'; readonly reason: string };

/** The one argument of the watchdog's process. */
export interface WatchdogArguments {
  readonly abortPath: string;
  readonly maxHoldMs: number;
  /** Of the mount. */
  readonly stateDirectory: string;
  /** Of the run that the mount belongs to; cleaned up as well when the runner dies. */
  readonly runDirectory?: string;
  /** Whether descriptor 3 is the leash. */
  readonly hasLeash: boolean;
}

export function parseToWatchdog(line: string): ToWatchdog | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  if ('bye' in value) return value.bye === true ? { bye: true } : undefined;
  if (!('oldestHeldMs' in value)) return undefined;
  const { oldestHeldMs } = value;
  if (oldestHeldMs === null) return { oldestHeldMs };
  return isDuration(oldestHeldMs) ? { oldestHeldMs } : undefined;
}

export function parseIntoLeash(line: string): IntoLeash | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  if ('bye' in value) return value.bye === true ? { bye: true } : undefined;
  if (!('deathGraceMs' in value)) return undefined;
  const { deathGraceMs } = value;
  return isDuration(deathGraceMs) ? { deathGraceMs } : undefined;
}

export function parseFromWatchdog(line: string): FromWatchdog | undefined {
  const value = parseObject(line);
  if (value === undefined || !('event' in value)) return undefined;
  if (value.event === 'armed' || value.event === 'disarmed') return { event: value.event };
  if (value.event !== 'refused' && value.event !== 'aborted') return undefined;
  return { event: value.event, reason: 'reason' in value ? String(value.reason) : '' };
}

export function parseArguments(text: string | undefined): WatchdogArguments | undefined {
  const value = parseObject(text ?? '');
  if (value === undefined) return undefined;
  if (!('abortPath' in value && 'maxHoldMs' in value && 'stateDirectory' in value && 'hasLeash' in value)) {
    return undefined;
  }
  const { abortPath, maxHoldMs, stateDirectory, hasLeash } = value;
  const runDirectory = 'runDirectory' in value ? value.runDirectory : undefined;
  if (typeof abortPath !== 'string' || typeof stateDirectory !== 'string' || typeof hasLeash !== 'boolean') {
    return undefined;
  }
  if (!isDuration(maxHoldMs) || maxHoldMs === 0) return undefined;
  if (runDirectory !== undefined && typeof runDirectory !== 'string') return undefined;
  return {
    abortPath,
    maxHoldMs,
    stateDirectory,
    hasLeash,
    ...(runDirectory === undefined ? {} : { runDirectory }),
  };
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
