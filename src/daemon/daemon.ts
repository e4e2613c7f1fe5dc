/**
 * The daemon's control API on the main thread: what needs the mount or the watchdog is done here, the rest is
 * asked of the serving thread.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { jsonPath } from '../base/complaint.js';
import { describeField, UsageError } from '../base/errors.js';
import { ControlError } from '../control/contract/errors.js';
import type { ControlEvent } from '../control/contract/events.js';
import type { ClearedFaults, Fault, FaultList, InstalledFault } from '../control/contract/faults.js';
import type {
  HeldAnswer,
  HeldQuery,
  PlugAnswer,
  ReleaseAnswer,
  ReleaseOrder,
  UnplugAnswer,
} from '../control/contract/held.js';
import type { Plan, PlanStatus } from '../control/contract/plans.js';
import type { Status, UnmountAnswer, UnmountOrder } from '../control/contract/status.js';
import type { DaemonApi, Listening } from '../control/server/api.js';
import { readFuseWaiting } from '../kernel/fusectl.js';
import { isMissing } from '../kernel/kernel-file.js';
import type { FuseMount } from '../transport/fuse-mount.js';
import type { DaemonConfig } from './config.js';
import { DaemonEvents } from './daemon-events.js';
import { complaintAboutDelay } from './longest-delay.js';
import { complaintAboutPin, complaintAboutPlan } from './plan-guard.js';
import type { ServingHandle } from './serving.js';
import { unmountOwn } from './unmount.js';

const SETTLE_MS = 1000;
const SETTLE_STEP_MS = 20;
const notSpliced = { read: false, write: 'none', source: null, maxPins: null, limited: null } as const;

export interface DaemonParts {
  readonly version: string;
  readonly config: DaemonConfig;
  /** Undefined where nothing is spliced. */
  readonly splice: Status['splice'] | undefined;
  readonly mount: FuseMount;
  readonly serving: ServingHandle;
  /** null while there is none: no fault may be armed then. */
  readonly watchdogPid: () => number | null;
  /** Aborts the connection. */
  readonly abort: () => void;
}

export class Daemon implements DaemonApi {
  readonly events: DaemonEvents;
  private readonly startedMs = performance.now();

  constructor(private readonly parts: DaemonParts) {
    this.events = new DaemonEvents(parts.serving);
  }

  async status(): Promise<Status> {
    const { version, config, splice, mount, serving, watchdogPid } = this.parts;
    const { name, maxHeld, ...capabilities } = serving.capabilities;
    return {
      stuckfs: version,
      pid: process.pid,
      mountPoint: mount.mountPoint,
      device: mount.device,
      connection: mount.connection,
      transport: name,
      capabilities: { ...capabilities, maxHeld: Number.isFinite(maxHeld) ? maxHeld : null },
      ...(await serving.ask('status')),
      splice: splice ?? notSpliced,
      maxHoldMs: config.maxHoldMs,
      uptimeMs: performance.now() - this.startedMs,
      watchdogPid: watchdogPid(),
    };
  }

  held(query: HeldQuery): Promise<HeldAnswer> {
    return this.parts.serving.ask('held', query);
  }

  release(order: ReleaseOrder): Promise<ReleaseAnswer> {
    return this.parts.serving.ask('release', order);
  }

  async unplug(): Promise<UnplugAnswer> {
    this.needWatchdog();
    return this.parts.serving.ask('unplug');
  }

  plug(): Promise<PlugAnswer> {
    return this.parts.serving.ask('plug');
  }

  async faults(): Promise<FaultList> {
    return { faults: await this.parts.serving.ask('faults') };
  }

  async addFault(fault: Fault): Promise<InstalledFault> {
    const { config, serving } = this.parts;
    this.needWatchdog();
    this.needSpliceFor(fault);
    const remedy = complaintAboutDelay(fault.action, config);
    if (remedy !== undefined) {
      throw new ControlError(
        'VALIDATION',
        describeField(
          'action.distribution',
          fault.action.type === 'delay' ? fault.action.distribution : undefined,
          remedy,
        ),
        { field: 'action.distribution', value: fault.action },
      );
    }
    return serving.ask('addFault', fault);
  }

  /** Safety comes before every feature: without the watchdog nothing would end a hold if we died. */
  private needWatchdog(): void {
    if (this.parts.watchdogPid() !== null) return;
    throw new ControlError('UNAVAILABLE', 'the watchdog is not armed; try again');
  }

  private needSpliceFor({ action }: Fault): void {
    const remedy = complaintAboutPin(action, this.parts.config);
    if (remedy === undefined) return;
    throw new ControlError('VALIDATION', describeField('action.type', action.type, remedy), {
      field: 'action.type',
      value: action.type,
    });
  }

  removeFault(id: number): Promise<InstalledFault | undefined> {
    return this.parts.serving.ask('removeFault', id);
  }

  async clearFaults(): Promise<ClearedFaults> {
    return { removed: await this.parts.serving.ask('clearFaults') };
  }

  listen(listener: (event: ControlEvent) => void): Promise<Listening> {
    return this.events.listen(listener);
  }

  plan(): Promise<PlanStatus> {
    return this.parts.serving.ask('plan');
  }

  /** Every fault of a plan must be one that could be armed by itself. */
  async startPlan(plan: Plan): Promise<PlanStatus> {
    const { config, serving } = this.parts;
    this.needWatchdog();
    const complaint = complaintAboutPlan(plan, config);
    if (complaint !== undefined) {
      throw new UsageError(jsonPath(complaint.path, 'plan'), complaint.value, complaint.remedy);
    }
    const started = await serving.ask('startPlan', plan);
    if (started === undefined) throw new ControlError('CONFLICT', 'another plan runs; stop it first');
    return started;
  }

  stopPlan(): Promise<PlanStatus> {
    return this.parts.serving.ask('stopPlan');
  }

  /** Un-wedges, then unmounts: a busy mount is a conflict unless forced. */
  async unmount({ force }: UnmountOrder): Promise<UnmountAnswer> {
    const { mount, serving } = this.parts;
    const { released, bytes } = await serving.ask('letGoOfAll');
    const how = await unmountOwn(mount, force);
    if (how === 'detached') {
      await settle(mount);
      this.parts.abort();
    }
    return { released, bytes, detached: how === 'detached' };
  }
}

/**
 * A task that the release has let go is about to ask for more: fsync(2) sends FSYNC after its data.  It is to be told
 * that, and not that the connection was aborted.  Dirty data that nobody waits for is lost with the store.
 */
async function settle({ connection }: FuseMount): Promise<void> {
  const untilMs = performance.now() + SETTLE_MS;
  do await delay(SETTLE_STEP_MS);
  while (waitingRequests(connection) > 0 && performance.now() < untilMs);
}

/** 0 also where the connection is gone: somebody else has unmounted meanwhile. */
function waitingRequests(connection: number): number {
  try {
    return readFuseWaiting(connection);
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
