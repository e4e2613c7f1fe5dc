/**
 * A DaemonApi that keeps a list of held requests and of faults, and a server in front of it on a real unix
 * socket in a fresh directory.  It stands for the daemon only where the contract is what is tested.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createLogger } from '../../../src/base/log.js';
import { type ControlClient, connect } from '../../../src/control/client/client.js';
import type { InstalledFault } from '../../../src/control/contract/faults.js';
import type { HeldRequest } from '../../../src/control/contract/held.js';
import type { Plan, PlanStatus } from '../../../src/control/contract/plans.js';
import type { Status } from '../../../src/control/contract/status.js';
import type { DaemonApi } from '../../../src/control/server/api.js';
import { EventHub } from '../../../src/control/server/event-hub.js';
import { type ControlServerOptions, startControlServer } from '../../../src/control/server/server.js';

export const silentLog = createLogger({ level: 'silent', destination: 'stderr', pretty: false });

export const exampleStatus: Status = {
  stuckfs: '0.1.0',
  pid: 4242,
  mountPoint: '/mnt/a "quoted"\\path',
  device: '0:39',
  connection: 39,
  transport: 'dev-fuse',
  capabilities: { writebackCache: true, maxHeld: null, spliceRead: true, spliceWrite: true, move: true },
  protocol: {
    major: 7,
    minor: 45,
    flags: ['FUSE_WRITEBACK_CACHE', 'FUSE_MAX_PAGES'],
    maxWriteBytes: 1048576,
    maxPages: 256,
    maxBackground: 64,
    congestionThreshold: 48,
    maxReadaheadBytes: 131072,
  },
  store: {
    kind: 'memory',
    directory: null,
    usedBytes: 4096,
    maxBytes: 1073741824,
    inodes: 3,
    maxInodes: 65536,
    failure: null,
  },
  held: { requests: 2, bytes: 8192, oldestMs: 1500, byOpcode: { FUSE_WRITE: 2 } },
  pins: { requests: 3, bytes: 12288, refused: 1 },
  splice: { read: true, write: 'none', source: null, maxPins: 100, limited: null },
  faults: 1,
  unplugged: false,
  maxHoldMs: 120000,
  requests: { total: 11, byOpcode: { FUSE_WRITE: 10, FUSE_INIT: 1 } },
  replies: { total: 9, refused: 1 },
  uptimeMs: 60500,
  watchdogPid: 4243,
};

export function heldWrite(index: number): HeldRequest {
  return {
    unique: (18446744073709000000n + BigInt(index)).toString(),
    opcode: 'FUSE_WRITE',
    nodeid: 2,
    path: '/dir/stuck',
    offset: index * 4096,
    size: 4096,
    ageMs: 10.5,
    pid: 0,
    reason: 'fault 1: hold',
    pinned: false,
    faultId: 1,
  };
}

export interface FakeDaemon extends DaemonApi {
  heldRequests: HeldRequest[];
  planStatus: PlanStatus;
  /** What the methods were called with, in order. */
  readonly hub: EventHub;
  readonly calls: [keyof DaemonApi, ...unknown[]][];
}

/** In its first phase. */
function runningPlan({ seed = 0, phases }: Plan): PlanStatus {
  return {
    state: 'running',
    elapsedMs: 12.5,
    seed,
    phases: phases.map(({ name }, index) => ({
      name,
      state: index === 0 ? 'current' : 'ahead',
      beganMs: index === 0 ? 0 : null,
      endedMs: null,
      faultIds: [],
      released: 0,
    })),
    waitsFor: 'at least 64 WRITE to be held',
    reason: null,
  };
}

export function fakeDaemon(): FakeDaemon {
  const installed: InstalledFault[] = [];
  let lastId = 0;
  let unplugged = false;
  const bytesOf = (held: readonly HeldRequest[]) => held.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const daemon: FakeDaemon = {
    heldRequests: [],
    planStatus: { state: 'none', elapsedMs: 0, seed: null, phases: [], waitsFor: null, reason: null },
    calls: [],
    hub: new EventHub(),
    status: async () => exampleStatus,
    held: async (query) => {
      daemon.calls.push(['held', query]);
      const matching = daemon.heldRequests.filter(({ opcode }) => (query.opcode ?? opcode) === opcode);
      return {
        held: matching.slice(query.offset, query.offset + query.limit),
        total: { requests: matching.length, bytes: bytesOf(matching) },
        pinned: { requests: 0, bytes: 0 },
        byOpcode: matching.length === 0 ? {} : { FUSE_WRITE: matching.length },
      };
    },
    release: async (order) => {
      daemon.calls.push(['release', order]);
      const released = daemon.heldRequests.splice(0, order.count ?? daemon.heldRequests.length);
      return { released: released.length, bytes: bytesOf(released), remaining: daemon.heldRequests.length };
    },
    unplug: async () => {
      daemon.calls.push(['unplug']);
      const changed = !unplugged;
      unplugged = true;
      return { changed };
    },
    plug: async () => {
      daemon.calls.push(['plug']);
      const changed = unplugged;
      unplugged = false;
      const released = changed ? daemon.heldRequests.splice(0) : [];
      return {
        changed,
        released: released.length,
        bytes: bytesOf(released),
        remaining: daemon.heldRequests.length,
      };
    },
    faults: async () => ({ faults: installed }),
    addFault: async (fault) => {
      daemon.calls.push(['addFault', fault]);
      lastId += 1;
      const added = { id: lastId, fault };
      installed.push(added);
      return added;
    },
    removeFault: async (id) => {
      const index = installed.findIndex((fault) => fault.id === id);
      return index < 0 ? undefined : installed.splice(index, 1)[0];
    },
    clearFaults: async () => ({ removed: installed.splice(0).length }),
    listen: async (listener) => ({
      state: daemon.hub.numbered({
        event: 'state',
        data: {
          held: { requests: 2, bytes: 8192, byOpcode: { FUSE_WRITE: 2 } },
          faults: [],
          unplugged: false,
        },
      }),
      stop: daemon.hub.listen(listener),
    }),
    plan: async () => daemon.planStatus,
    startPlan: async (plan) => {
      daemon.calls.push(['startPlan', plan]);
      daemon.planStatus = runningPlan(plan);
      return daemon.planStatus;
    },
    stopPlan: async () => {
      daemon.planStatus = { ...daemon.planStatus, state: 'stopped', waitsFor: null };
      return daemon.planStatus;
    },
    unmount: async (order) => {
      daemon.calls.push(['unmount', order]);
      return { released: 2, bytes: 8192, detached: order.force };
    },
  };
  return daemon;
}

/** A directory that is gone after the test; short, because a socket path has 107 bytes at most. */
export function freshDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export async function serveFake(
  context: TestContext,
  options: Partial<ControlServerOptions> = {},
): Promise<{ daemon: FakeDaemon; client: ControlClient; socketPath: string; close: () => Promise<void> }> {
  const daemon = fakeDaemon();
  const socketPath = join(freshDirectory(context), 'control.sock');
  const server = await startControlServer({ socketPath, api: daemon, log: silentLog, ...options });
  context.after(() => server.close());
  return { daemon, client: connect({ socketPath }), socketPath, close: server.close };
}
