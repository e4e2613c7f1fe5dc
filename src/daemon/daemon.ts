/**
 * The daemon's control API on the main thread: what needs the mount or the watchdog is done here, the rest is
 * asked of the serving thread.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Errno } from '../base/errno.js';
import { ControlError } from '../control/contract/errors.js';
import type { ClearedFaults, Fault, FaultList, InstalledFault } from '../control/contract/faults.js';
import type { HeldAnswer, HeldQuery, ReleaseAnswer, ReleaseOrder } from '../control/contract/held.js';
import type { Status, UnmountAnswer, UnmountOrder } from '../control/contract/status.js';
import type { DaemonApi } from '../control/server/api.js';
import { readFuseWaiting } from '../kernel/fusectl.js';
import { isMissing } from '../kernel/kernel-file.js';
import { syncfsAsync } from '../syscall/file.js';
import { MNT_DETACH, UMOUNT_NOFOLLOW, umount2, umount2Async } from '../syscall/mount.js';
import type { FuseMount } from '../transport/fuse-mount.js';
import type { DaemonConfig } from './config.js';
import { longestDelayMs } from './longest-delay.js';
import type { Serving } from './serving.js';

/** For dirty data to be written back when a mount in use is ended. */
const WRITE_BACK_MS = 5000;
const SETTLE_MS = 20;

export interface DaemonParts {
  readonly version: string;
  readonly config: DaemonConfig;
  readonly mount: FuseMount;
  readonly serving: Serving;
  /** null while there is none: no fault may be armed then. */
  readonly watchdogPid: () => number | null;
  /** Aborts the connection. */
  readonly abort: () => void;
}

export class Daemon implements DaemonApi {
  private readonly startedMs = performance.now();

  constructor(private readonly parts: DaemonParts) {}

  async status(): Promise<Status> {
    const { version, config, mount, serving, watchdogPid } = this.parts;
    return {
      stuckfs: version,
      pid: process.pid,
      mountPoint: mount.mountPoint,
      device: mount.device,
      connection: mount.connection,
      transport: 'dev-fuse',
      ...(await serving.ask('status')),
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

  async faults(): Promise<FaultList> {
    return { faults: await this.parts.serving.ask('faults') };
  }

  async addFault(fault: Fault): Promise<InstalledFault> {
    const { config, serving, watchdogPid } = this.parts;
    // Safety comes before every feature: without the watchdog nothing would end a hold if we died.
    if (watchdogPid() === null) throw new ControlError('UNAVAILABLE', 'the watchdog is not armed; try again');
    const longestMs = longestDelayMs(fault.action);
    if (longestMs > config.maxHoldMs) {
      throw new ControlError(
        'VALIDATION',
        `a delay of up to ${longestMs} ms is longer than --max-hold (${config.maxHoldMs} ms), after which the ` +
          'watchdog aborts: shorten it or mount with a longer --max-hold',
        { field: 'action.distribution', value: fault.action },
      );
    }
    return serving.ask('addFault', fault);
  }

  removeFault(id: number): Promise<InstalledFault | undefined> {
    return this.parts.serving.ask('removeFault', id);
  }

  async clearFaults(): Promise<ClearedFaults> {
    return { removed: await this.parts.serving.ask('clearFaults') };
  }

  /** Un-wedges, then unmounts: a busy mount is a conflict unless forced. */
  async unmount({ force }: UnmountOrder): Promise<UnmountAnswer> {
    const { mount, serving } = this.parts;
    await serving.ask('clearFaults');
    const { released, bytes } = await serving.ask('release', { order: 'fifo' });
    // Not on this thread: umount2 writes dirty data back first, and the heartbeat must go on meanwhile.
    const unmounted = await umount2Async(mount.mountPoint, UMOUNT_NOFOLLOW);
    if (unmounted === 0) return { released, bytes, detached: false };
    if (!force) {
      throw new ControlError('CONFLICT', `${mount.mountPoint} is busy: close what uses it, or use --force`, {
        field: 'force',
        value: force,
      });
    }
    await this.writeBack();
    const detached = umount2(mount.mountPoint, MNT_DETACH | UMOUNT_NOFOLLOW);
    if (detached < 0 && detached !== -Errno.EINVAL) {
      throw new ControlError('INTERNAL', `umount2(MNT_DETACH) of ${mount.mountPoint}: errno ${-detached}`);
    }
    this.parts.abort();
    return { released, bytes, detached: true };
  }

  /**
   * What is dirty reaches the store, and who waits for that gets an answer, before the abort would make errors of
   * both.  The abort comes after a while in any case, and frees the thread that does this.
   */
  private async writeBack(): Promise<void> {
    const { mount } = this.parts;
    const untilMs = performance.now() + WRITE_BACK_MS;
    await Promise.race([syncfsAsync(mount.mountPoint), delay(WRITE_BACK_MS, undefined, { ref: false })]);
    // A task that writeback has let go is about to ask for more: fsync(2) sends FSYNC after its data.
    do await delay(SETTLE_MS);
    while (waitingRequests(mount) > 0 && performance.now() < untilMs);
  }
}

/** 0 also where the connection is gone: somebody else has unmounted meanwhile. */
function waitingRequests({ connection }: FuseMount): number {
  try {
    return readFuseWaiting(connection);
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
