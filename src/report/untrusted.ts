/**
 * What an unprivileged user's arm says of the user, of the limits that the kernel sets it, and of how far it came.
 * Judges only whether it was such a user under such limits; what became of the folios is outcome.ts.
 */
import type { ArmEvents, EventOf } from './arm-events.js';

/** Where the user stood at one moment. */
export interface UserAt {
  readonly writtenBytes: number;
  readonly heldRequests: number;
  readonly heldBytes: number;
  /** nr_writeback, of the whole machine. */
  readonly writebackPages: number;
}

export interface UntrustedEvidence {
  readonly serverUid: number;
  readonly writerUid: number;
  readonly ownUserNamespace: boolean;
  readonly maxRatio: number | null;
  readonly strictLimit: number | null;
  readonly wantedBytes: number;
  /** Where the writer slept when the set was named, innermost first; null where the kernel had not stopped it. */
  readonly writerStack: readonly string[] | null;
  readonly atTrigger: UserAt;
  readonly atHoldEnd: UserAt | null;
}

/** @returns undefined for an arm of root's, null where the run ended before it was recorded */
export function untrustedEvidence(
  start: EventOf<'arm-started'>,
  events: ArmEvents,
): UntrustedEvidence | null | undefined {
  if (start.untrusted !== true) return undefined;
  const samples = events.all('untrusted');
  const named = samples.find(({ when }) => when === 'set-named');
  if (named === undefined) return null;
  const holdEnded = samples.find(({ when }) => when === 'hold-ended');
  const { serverUid, writerUid, ownUserNamespace, maxRatio, strictLimit, wantedBytes, writerStack } = named;
  return {
    serverUid,
    writerUid,
    ownUserNamespace,
    maxRatio: liftedOf(maxRatio, holdEnded?.maxRatio, defaultMaxRatio),
    strictLimit: liftedOf(strictLimit, holdEnded?.strictLimit, defaultStrictLimit),
    wantedBytes,
    writerStack,
    atTrigger: userAt(named),
    atHoldEnd: holdEnded === undefined ? null : userAt(holdEnded),
  };
}

/** Of the two values the one that is not the default: a limit was in force only where it was at both times. */
function liftedOf(first: number | null, later: number | null | undefined, standard: number): number | null {
  return later === undefined || first !== standard ? first : later;
}

function userAt({ writtenBytes, heldRequests, heldBytes, writebackPages }: EventOf<'untrusted'>): UserAt {
  return { writtenBytes, heldRequests, heldBytes, writebackPages };
}

/** FUSE's own, of fuse_bdi_init() (fs/fuse/inode.c). strict_limit can be read since 6.2. */
const defaultMaxRatio = 1;
const defaultStrictLimit = 1;
/** A writer that is over the limits sleeps in it (mm/page-writeback.c). */
export const throttledIn = 'balance_dirty_pages';

/** Why the arm is none of an untrusted user's under default limits; undefined where it is. */
export function notUntrusted(
  untrusted: UntrustedEvidence | null | undefined,
  isFault: boolean,
): string | undefined {
  if (untrusted === undefined) return undefined;
  if (untrusted === null) return 'the user and its limits were not recorded';
  const { serverUid, writerUid, ownUserNamespace, maxRatio, strictLimit, wantedBytes, writerStack } =
    untrusted;
  if (serverUid === 0 || writerUid === 0) return 'the server or its writer ran as root of the machine';
  if (!ownUserNamespace) return 'the server or its writer ran in the user namespace of the machine';
  if (maxRatio !== defaultMaxRatio || (strictLimit ?? defaultStrictLimit) !== defaultStrictLimit) {
    return `the limits of the bdi are not FUSE's own: max_ratio ${maxRatio}, strict_limit ${strictLimit}`;
  }
  if (isFault && writerStack?.includes(throttledIn) !== true) {
    return (
      `the writer of ${wantedBytes} bytes was never seen in ${throttledIn}: ` +
      'how much the limits let it have is not known; ask for more with --stuck'
    );
  }
  return undefined;
}
