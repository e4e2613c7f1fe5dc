/**
 * The shape of a scenario: which misbehaviour makes which folios stuck, and what it needs to be shown.
 * A scenario is data and small functions; arm.ts plays it.
 */
import type { FaultInput } from '../control/contract/faults.js';
import type { MitigationName } from '../mitigation/mitigation.js';
import type { ArmKind, FolioDesign, ServerPages, StuckBy } from '../record/arm-design.js';

export const transportNames = ['dev-fuse', 'libfuse'] as const;
export type TransportName = (typeof transportNames)[number];

/**
 * What touches the mount: write(2), write(2) of as much as the kernel lets it, a store through a shared mapping, or
 * reads that fill the page cache.
 */
export type WorkloadKind = 'write' | 'write-throttled' | 'map' | 'read-ahead' | 'read-sequential';

/** What the daemon of an arm is started with, of daemon/config.ts, which checks it. */
export type ServerDesign = Readonly<Record<string, unknown>>;

/** How the server misbehaves; `delay` ends by itself. */
export type Misbehaviour =
  | { readonly kind: 'none' }
  /** @param stuckPath the path of the stuck file inside the mount */
  | { readonly kind: 'faults'; faults(stuckPath: string): readonly FaultInput[] }
  | { readonly kind: 'delay'; readonly delayMs: number; faults(stuckPath: string): readonly FaultInput[] }
  | { readonly kind: 'unplug' }
  /** The network link between an NFS client and its server goes down. */
  | { readonly kind: 'link-down' };

/** What limits the harm; with `none` the hold is waited out. */
export const mitigationNames = [
  'none',
  'abort',
  'kill-server',
  'request-timeout',
  'bdi-limit',
  'release',
] as const satisfies readonly ('none' | MitigationName)[];

export interface ArmDesign {
  readonly kind: ArmKind;
  /** What limits the harm, instead of the release at the end of the hold. */
  readonly mitigation?: MitigationName;
  /** The triggers under which the arm says something; absent: all of the scenario's. */
  readonly triggers?: readonly string[];
  /** Tells arms of one kind apart: `fadvise`. */
  readonly variant?: string;
  readonly workload: WorkloadKind;
  readonly server?: ServerDesign;
  readonly misbehaviour: Misbehaviour;
  /**
   * Server and workload are an unprivileged user's, in namespaces of their own, and the limits of the bdi stay as the
   * kernel sets them: as much gets stuck as they let through.
   */
  readonly untrusted?: true;
  /** Whose pages the stuck file's folios must be; only where the scenario is about that. */
  readonly serverPages?: ServerPages;
  /** No FUSE server: large folios of the kernel's own memory are the stuck set, and `workload` does not count. */
  readonly folios?: FolioDesign;
  /** No FUSE server: the mount is one of the kernel's own NFS server, over a veth pair. */
  readonly nfs?: true;
  /** READs are answered with page-cache pages of the run directory's filesystem; the arm is skipped where it has none. */
  readonly givesPagesOfRunDirectory?: true;
  /** null where nothing is stuck. */
  readonly stuckBy: StuckBy | null;
  /** The kernel function in which a task that waits for the stuck folios sleeps; null where nobody has to wait. */
  readonly waitsIn: string | null;
}

export interface Scenario {
  /** Stable, slash-free. */
  readonly id: string;
  readonly description: string;
  /** What gets stuck, in the kernel's words. */
  readonly stuck: string;
  /** Ids of the triggers that say something about it. */
  readonly triggers: readonly string[];
  /** On which it is shown, all of them unless the user asks for some. */
  readonly transports: readonly TransportName[];
  /** What the other transports lack for it. */
  readonly needs: string;
  /** Further things of a machine (`neededFor` in kernel/requirements/) without which it is skipped. */
  readonly requires?: readonly string[];
  /** In the order in which they are run; a scenario with a fault has a control arm before it. */
  readonly arms: readonly ArmDesign[];
}

/** An arm as people read it: `fault 250ms`, `fault+abort`. */
export function armName({
  kind,
  variant,
  mitigation,
}: {
  readonly kind: string;
  readonly variant?: string | null | undefined;
  readonly mitigation?: string | undefined;
}): string {
  const name = mitigation === undefined ? kind : `${kind}+${mitigation}`;
  return variant === undefined || variant === null ? name : `${name} ${variant}`;
}
