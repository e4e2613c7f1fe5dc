/**
 * `stuckfs rescue`: from a cold start, finds everything of ours on the machine and un-wedges it.
 * State directories, mounts (with or without one), connections, trace instances, processes, pseudo filesystems.
 * Every connection is aborted before anything else is looked after; no mount is touched; a second rescue finds
 * nothing, unless the first could not do something, which then is in `failed`.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { patient } from '../base/patience.js';
import { findFusectlMount, fuseConnectionId } from '../kernel/fusectl.js';
import { isMissing } from '../kernel/kernel-file.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { abortConnection } from './abort-connection.js';
import { cleanUp } from './cleanup.js';
import { withLedgerLock } from './ledger-lock.js';
import { pseudoMountPoints } from './ledger-records.js';
import { removeTraceInstance } from './ledger-restore.js';
import { type Machine, thisMachine, withinMs } from './machine.js';
import { isProcessRunning } from './process-condition.js';
import { ensureMounted, findOurPseudoMounts, unmountPseudo, whileMounted } from './pseudo-filesystems.js';
import { processRoles, type RecordedProcess, type State, type StateKind } from './state.js';
import { listStateDirectories, type StateDirectory, stateRoot } from './state-directory.js';
import { deviceOf, isOurMount, type MountView, readMountView, useOfDevice } from './stuck-mounts.js';
import { unmountOurs } from './unmount.js';

export interface RescueOptions {
  /** Only what belongs to the mount at this place (absolute, as mountinfo shows it). */
  readonly mountPoint?: string;
  /** Find, and change nothing. */
  readonly dryRun?: boolean;
  /** Asks a daemon that may still answer to release and plug; see CleanupOptions. */
  readonly release?: (state: State) => Promise<void>;
  readonly waitMs?: number;
  readonly stateRoot?: string;
  readonly machine?: Machine;
}

export interface RescueFindings {
  /** Paths. */
  readonly stateDirectories: readonly string[];
  readonly broken: readonly { readonly path: string; readonly reason: string }[];
  readonly mounts: readonly { readonly mountPoint: string; readonly device: string }[];
  /** In other mount namespaces: aborted, but not ours to unmount. */
  readonly foreignMounts: readonly {
    readonly pid: number;
    readonly mountPoint: string;
    readonly device: string;
  }[];
  readonly connections: readonly number[];
  /** Recorded ones that still run. */
  readonly processes: readonly RecordedProcess[];
  readonly traceInstances: readonly string[];
  /** Mount points of pseudo filesystems that we mounted. */
  readonly pseudoMounts: readonly string[];
}

export interface RescueAction {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface RescueReport {
  readonly dryRun: boolean;
  readonly found: RescueFindings;
  readonly done: readonly RescueAction[];
  readonly failed: readonly RescueAction[];
}

interface Survey {
  readonly found: RescueFindings;
  readonly directories: readonly { readonly directory: StateDirectory; readonly state?: State }[];
}

const defaultWaitMs = 10_000;
export async function rescue(options: RescueOptions = {}): Promise<RescueReport> {
  const { machine = thisMachine, mountPoint, dryRun = false, waitMs = patient(defaultWaitMs) } = options;
  const root = options.stateRoot ?? stateRoot();
  const { found, directories } = survey(root, mountPoint, machine);
  let { traceInstances } = found;
  const actions: RescueAction[] = [];
  const run = async (what: string, act: () => Promise<Outcome> | Outcome): Promise<void> => {
    try {
      actions.push({ what, ...(await act()) });
    } catch (error) {
      if (isMissing(error)) actions.push({ what, ok: true, detail: 'gone' });
      else actions.push({ what, ok: false, detail: error instanceof Error ? error.message : String(error) });
    }
  };
  for (const { path, reason } of found.broken) {
    actions.push({ what: `state ${path}`, ok: false, detail: reason });
  }
  if (!dryRun) {
    await releaseAll(directories, options.release, waitMs, machine, run);
    const mountedFusectl = found.connections.length > 0 && (await abortAll(found.connections, machine, run));
    const cleanUpAll = async (kind: StateKind): Promise<void> => {
      for (const { directory } of directories.filter((one) => one.directory.kind === kind)) {
        const steps = await cleanUp(directory, { machine, waitMs, killRoles: processRoles });
        for (const { step, ok, detail } of steps)
          actions.push({ what: `${directory.name} ${step}`, ok, detail });
      }
    };
    await cleanUpAll('mount');
    // A run's directory, in which its mounts lie, is removed only when nothing is mounted there.
    await unmountStray(found.mounts, machine, run);
    await cleanUpAll('run');
    if (mountPoint === undefined) traceInstances = findTraceInstances(root, traceInstances, machine);
    const onlyOne = mountPoint !== undefined;
    await sweep({ ...found, traceInstances }, { root, onlyOne, mountedFusectl }, machine, run);
  }
  return {
    dryRun,
    found: { ...found, traceInstances },
    done: actions.filter(({ ok }) => ok),
    failed: actions.filter(({ ok }) => !ok),
  };
}

type Outcome = { readonly ok: boolean; readonly detail: string };
type Run = (what: string, act: () => Promise<Outcome> | Outcome) => Promise<void>;

function survey(root: string, mountPoint: string | undefined, machine: Machine): Survey {
  const list = listStateDirectories(root);
  const view = readMountView(machine.root);
  const isWanted = (path: string | undefined): boolean => mountPoint === undefined || path === mountPoint;
  const readable = list.readable.filter(({ state }) => isWanted(state.mountPoint));
  // Mounts before the runs that they belong to, so that a run's values are restored when nothing uses them.
  const ordered = readable.toSorted((a, b) => a.state.kind.localeCompare(b.state.kind));
  const wantedBroken = mountPoint === undefined ? list.broken : [];
  const mounts = view.entries.filter((entry) => isOurMount(entry) && isWanted(entry.mountPoint));
  const foreign = view.foreign.filter(
    ({ entry }) =>
      isOurMount(entry) &&
      mountPoint === undefined &&
      !mounts.some((one) => deviceOf(one) === deviceOf(entry)),
  );
  const connections = new Set([...mounts, ...foreign.map(({ entry }) => entry)].map(fuseConnectionId));
  for (const { state } of readable) {
    if (state.connection !== undefined && mayBeOurs(state, view)) connections.add(state.connection);
  }
  return {
    directories: [
      ...ordered,
      ...wantedBroken.flatMap(({ directory }) => (directory === undefined ? [] : [{ directory }])),
    ],
    found: {
      stateDirectories: ordered.map(({ directory }) => directory.path),
      broken: wantedBroken
        .filter(({ directory }) => directory === undefined)
        .map(({ path, reason }) => ({ path, reason })),
      mounts: mounts.map((entry) => ({ mountPoint: entry.mountPoint, device: deviceOf(entry) })),
      foreignMounts: foreign.map(({ pid, entry }) => ({
        pid,
        mountPoint: entry.mountPoint,
        device: deviceOf(entry),
      })),
      connections: [...connections],
      processes: readable.flatMap(({ state }) =>
        state.processes.filter((one) => isProcessRunning(one, machine.root)),
      ),
      traceInstances: mountPoint === undefined ? listTraceInstances(machine.root) : [],
      pseudoMounts:
        mountPoint === undefined ? findOurPseudoMounts(view.entries).map((one) => one.mountPoint) : [],
    },
  };
}

function mayBeOurs(state: State, view: MountView): boolean {
  return useOfDevice(state, view) !== 'other';
}

/** With those that are there though nobody has tracefs mounted any more: a dry run, which mounts nothing, misses them. */
function findTraceInstances(
  stateRoot: string,
  known: readonly string[],
  machine: Machine,
): readonly string[] {
  try {
    const there = whileTracefs(stateRoot, machine, () => listTraceInstances(machine.root));
    return [...new Set([...known, ...there])];
  } catch {
    // No tracefs here, or none for us: whatever is known is tried even so, and says why it cannot be done.
    return known;
  }
}

/** Under the ledger lock, where there are ledgers. */
function whileTracefs<T>(stateRoot: string, machine: Machine, act: () => T): T {
  const mounted = () => whileMounted('tracefs', machine, act);
  return existsSync(join(stateRoot, 'ledger.lock')) ? withLedgerLock(stateRoot, mounted) : mounted();
}

function listTraceInstances(root: string): string[] {
  const directory = `${pseudoMountPoints.tracefs}/instances`;
  try {
    return readdirSync(join(root, directory))
      .filter((name) => name.startsWith('stuckfs-'))
      .map((name) => `${directory}/${name}`);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function releaseAll(
  directories: Survey['directories'],
  release: RescueOptions['release'],
  waitMs: number,
  machine: Machine,
  run: Run,
): Promise<void> {
  if (release === undefined) return;
  const asked = directories.map(async ({ directory, state }) => {
    // One that has ended holds nothing any more.
    if (state?.socketPath === undefined || !isProcessRunning(directory, machine.root)) return;
    await run(`${directory.name} release`, async () => {
      const asking = release(state).then(
        () => 'released',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      // A daemon that hangs is why there is a rescue; the abort does its work.
      return { ok: true, detail: (await withinMs(machine, waitMs, asking)) ?? 'the daemon does not answer' };
    });
  });
  await Promise.all(asked);
}

/** @returns whether fusectl had to be mounted for it */
async function abortAll(connections: readonly number[], machine: Machine, run: Run): Promise<boolean> {
  let mountedFusectl = false;
  if (findFusectlMount(readMountinfo(machine.root)) === undefined) {
    await run('mount fusectl', () => {
      mountedFusectl = ensureMounted('fusectl', machine);
      return { ok: true, detail: mountedFusectl ? 'mounted' : 'mounted by another' };
    });
  }
  for (const connection of connections) {
    await run(`connection ${connection}`, () => ({ ok: true, detail: abortConnection(connection, machine) }));
  }
  return mountedFusectl;
}

/** The last mount first, as it may lie on top of another. */
async function unmountStray(mounts: RescueFindings['mounts'], machine: Machine, run: Run): Promise<void> {
  for (const { mountPoint, device } of mounts.toReversed())
    await run(`mount ${mountPoint}`, () => unmountOurs(mountPoint, device, machine));
}

/** What no state directory told of, or what its cleanup could not do. */
async function sweep(
  found: RescueFindings,
  {
    root,
    onlyOne,
    mountedFusectl,
  }: { readonly root: string; readonly onlyOne: boolean; readonly mountedFusectl: boolean },
  machine: Machine,
  run: Run,
): Promise<void> {
  for (const { pid, mountPoint: where, device } of found.foreignMounts) {
    const isThere = readMountView(machine.root).foreign.some(
      ({ entry }) => isOurMount(entry) && entry.mountPoint === where && deviceOf(entry) === device,
    );
    await run(`mount ${where} in the namespace of ${pid}`, () =>
      isThere
        ? {
            ok: false,
            detail: 'aborted; to unmount it, enter that namespace (nsenter -m) or end its processes',
          }
        : { ok: true, detail: 'gone' },
    );
  }
  for (const path of found.traceInstances) {
    await run(`trace instance ${path}`, () =>
      whileTracefs(root, machine, () => removeTraceInstance(path, machine)),
    );
  }
  // With a mount point given others may live on, and with them the use of what an earlier one mounted for all.
  for (const entry of findOurPseudoMounts(readMountinfo(machine.root))) {
    if (onlyOne && !(mountedFusectl && entry.fsType === 'fusectl')) continue;
    await run(`mount ${entry.mountPoint}`, () => unmountPseudo(entry, machine));
  }
}
