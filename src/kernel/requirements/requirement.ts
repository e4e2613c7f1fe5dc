/**
 * What a job needs of the machine: one entry for each requirement, checked by looking, never by changing.
 * A check neither mounts, writes nor loads anything, and touches no FUSE mount.
 */
import { errnoName } from '../../base/errno.js';
import { errnoOf } from '../kernel-file.js';

/**
 * `mount`: to serve a mount at all. `compact`: the stall of compaction, shown on this kernel.  `untrusted`: the same
 * by an unprivileged user in namespaces of its own.  `xfs-image`, `hugetlb`: the scenarios about large folios.
 * `nfs`: an NFS server and client.  `libfuse`: the transport.
 */
export type Need = 'mount' | 'compact' | 'untrusted' | 'xfs-image' | 'hugetlb' | 'nfs' | 'tests' | 'libfuse';

/** limited: the job runs, with less or after a step that it takes itself. */
export type Finding =
  | { readonly state: 'ok'; readonly found: string }
  | { readonly state: 'missing' | 'limited'; readonly found: string; readonly remedy: string };

export interface Requirement {
  /** Names it to a user, and is stable. */
  readonly requirement: string;
  readonly neededFor: readonly Need[];
  /** Nothing fails without it. */
  readonly optional?: boolean;
  readonly check: () => Finding | Promise<Finding>;
}

export interface RequirementRow {
  readonly requirement: string;
  readonly neededFor: readonly Need[];
  readonly optional: boolean;
  readonly state: Finding['state'];
  readonly found: string;
  readonly remedy: string | undefined;
}

/** Checks each, in order. A check that throws has found something missing, for the reason that it threw. */
export async function checkRequirements(requirements: readonly Requirement[]): Promise<RequirementRow[]> {
  const rows: RequirementRow[] = [];
  for (const { requirement, neededFor, optional = false, check } of requirements) {
    const finding = await runCheck(check);
    const remedy = finding.state === 'ok' ? undefined : finding.remedy;
    rows.push({ requirement, neededFor, optional, state: finding.state, found: finding.found, remedy });
  }
  return rows;
}

async function runCheck(check: Requirement['check']): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    return missing(
      error instanceof Error ? error.message : String(error),
      'this is not expected; please report it',
    );
  }
}

/** Whether a job that needs this cannot be done. */
export function isMissing({ state, optional }: RequirementRow): boolean {
  return state === 'missing' && !optional;
}

export function ok(found: string): Finding {
  return { state: 'ok', found };
}

export function missing(found: string, remedy: string): Finding {
  return { state: 'missing', found, remedy };
}

export function limited(found: string, remedy: string): Finding {
  return { state: 'limited', found, remedy };
}

/** Runs `look`; what a system call in it refuses becomes `missing`, with the errno by name. */
export function lookAt(remedy: string, look: () => Finding): Finding {
  try {
    return look();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const name = errnoName(errno);
    const refused = name === 'EACCES' || name === 'EPERM';
    return missing(name, refused ? asRoot : remedy);
  }
}

export const asRoot = 'run as root (CAP_SYS_ADMIN); in a container, --privileged';
