/**
 * The one way of undoing what a daemon or a run did, for its own end, its watchdog, its guard and a rescue (DESIGN.md, 4):
 * release → abort → wait → kill → unmount → trace instances → restore → remove.
 * Each step runs whatever became of those before it, none throws, and none touches the mount.  Doing it twice, or
 * from two processes at once, does no harm.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Errno, errnoName } from '../base/errno.js';
import { patient } from '../base/patience.js';
import { findFusectlMount, fuseConnectionId } from '../kernel/fusectl.js';
import { findMount, readMountinfo } from '../kernel/mountinfo.js';
import { tasksInState } from '../kernel/processes.js';
import { abortConnection } from './abort-connection.js';
import { Ledger } from './ledger.js';
import { readLedger } from './ledger-file.js';
import { type RestoreAction, restoreLedger } from './ledger-restore.js';
import { type Machine, thisMachine, withinMs } from './machine.js';
import { abortNfsPeers, plugNfsPeers } from './nfs-peers.js';
import { isProcessRunning } from './process-condition.js';
import type { ProcessRole, RecordedProcess, State } from './state.js';
import { listStateDirectories, type StateDirectory } from './state-directory.js';
import { deviceOf, isOurMount, readMountView, useOfDevice } from './stuck-mounts.js';
import { StateDirectoryError } from './trusted-directory.js';
import { unmountOurs } from './unmount.js';

export interface CleanupStep {
  readonly step:
    | 'state'
    | 'release'
    | 'abort'
    | 'wait'
    | 'kill'
    | 'unmount'
    | 'trace-instances'
    | 'restore'
    | 'remove';
  readonly ok: boolean;
  readonly detail: string;
}

export interface CleanupOptions {
  /** Asks the daemon to release what it holds and to plug, through its control socket. */
  readonly release?: (state: State) => Promise<void>;
  /** Who is killed; a runner, a watchdog and a guard are spared unless named. */
  readonly killRoles?: readonly ProcessRole[];
  /** For the daemon to answer `release`, and for tasks to leave D state and to end: each gets this long. */
  readonly waitMs?: number;
  readonly machine?: Machine;
}

const defaultKillRoles: readonly ProcessRole[] = [
  'workload',
  'trigger',
  'recorder',
  'ballast',
  'peers',
  'daemon',
];
const defaultWaitMs = 10_000;
const pollMs = 20;
const SIGKILL = 9;

type Outcome = Omit<CleanupStep, 'step'>;
const done = (detail: string): Outcome => ({ ok: true, detail });
const failed = (detail: string): Outcome => ({ ok: false, detail });

export async function cleanUp(
  directory: StateDirectory,
  options: CleanupOptions = {},
): Promise<CleanupStep[]> {
  const {
    release,
    killRoles = defaultKillRoles,
    waitMs = patient(defaultWaitMs),
    machine = thisMachine,
  } = options;
  const steps: CleanupStep[] = [];
  const run = async (step: CleanupStep['step'], act: () => Outcome | Promise<Outcome>): Promise<void> => {
    try {
      steps.push({ step, ...(await act()) });
    } catch (error) {
      steps.push({ step, ...failed(error instanceof Error ? error.message : String(error)) });
    }
  };
  let state: State | undefined;
  await run('state', () => {
    const read = readState(directory);
    state = read.state;
    return read.outcome;
  });
  const known = state;
  if (known !== undefined) {
    if (release !== undefined) await run('release', () => askForRelease(known, release, waitMs, machine));
    await run('abort', () => {
      try {
        return abort(withItsMount(known, directory, machine), directory, machine);
      } finally {
        plugPeers(directory, machine);
      }
    });
    await run('wait', () =>
      waitForTasks(known.processes, waitMs, machine, () => abortPeers(directory, machine)),
    );
    await run('kill', () => kill(known.processes, killRoles, waitMs, machine));
    await run('unmount', () => unmount(withItsMount(known, directory, machine), machine));
  }
  await run('trace-instances', () => summary(restoreLedger(directory, machine, 'trace-instance')));
  await run('restore', () => summary(restoreLedger(directory, machine)));
  await run('remove', () => {
    // A daemon that does not answer, or tasks that ended only when they were killed, leave nothing to mend.
    const undone = steps.filter(({ step, ok }) => !ok && step !== 'release' && step !== 'wait');
    if (undone.length > 0)
      return failed(`kept for another attempt: ${undone.map(({ step }) => step).join(', ')}`);
    directory.remove();
    return done('removed');
  });
  return steps;
}

function readState(directory: StateDirectory): { state?: State; outcome: Outcome } {
  try {
    return { state: directory.read(), outcome: done('read') };
  } catch (error) {
    if (!(error instanceof StateDirectoryError) || error.code !== 'STATE_DIRECTORY_MISSING') throw error;
    if (!existsSync(directory.path)) return { outcome: done('removed by another') };
    // Its owner is between making the directory and writing the first state, and has done nothing yet.
    if (isProcessRunning(directory)) return { outcome: failed('not written yet, and its owner runs') };
    return { outcome: done('never written') };
  }
}

async function askForRelease(
  state: State,
  release: (state: State) => Promise<void>,
  waitMs: number,
  machine: Machine,
): Promise<Outcome> {
  const answer = await withinMs(
    machine,
    waitMs,
    release(state).then(() => 'released'),
  );
  return answer === undefined ? failed(`the daemon has not answered within ${waitMs} ms`) : done(answer);
}

/**
 * The state, with the device and connection of a mount that its owner did not live to write down: what lies at its mount
 * point, is of our type, and is claimed by no other state directory.
 */
function withItsMount(state: State, directory: StateDirectory, machine: Machine): State {
  const { mountPoint, device, processes } = state;
  // A runner keeps the state of a daemon that mounts in a namespace of its own, where we cannot look.
  const isDaemons = processes.some((one) => one.pid === directory.pid && one.role === 'daemon');
  if (!isDaemons || mountPoint === undefined || device !== undefined) return state;
  const found = findMount(readMountinfo(machine.root), mountPoint);
  if (found === undefined || !isOurMount(found)) return state;
  const { readable, broken } = listStateDirectories(directory.root);
  const others = readable.filter((other) => other.directory.path !== directory.path);
  const isClaimed =
    // What cannot be read may claim anything.
    broken.some((other) => other.directory?.kind === 'mount') ||
    others.some(
      (other) =>
        other.state.mountPoint === mountPoint &&
        (other.state.device === deviceOf(found) || isProcessRunning(other.directory, machine.root)),
    );
  return isClaimed ? state : { ...state, device: deviceOf(found), connection: fuseConnectionId(found) };
}

function abort(state: State, directory: StateDirectory, machine: Machine): Outcome {
  if (state.connection === undefined) return done('no connection');
  const use = useOfDevice(state, readMountView(machine.root));
  // The number was given out again: whoever has it now is not what this directory tells of.
  if (use === 'other') return done(`connection ${state.connection} belongs to another mount now`);
  if (findFusectlMount(readMountinfo(machine.root)) === undefined) {
    Ledger.open(directory, machine).mountPseudo('fusectl');
  }
  return done(`connection ${state.connection} ${abortConnection(state.connection, machine)}`);
}

/** Of NFS: a link that is down is set up, and everything drains. */
function plugPeers(directory: StateDirectory, machine: Machine): void {
  for (const path of nfsPeersOf(directory)) plugNfsPeers(path, machine);
}

/** What has not drained ends with an error. */
function abortPeers(directory: StateDirectory, machine: Machine): void {
  for (const path of nfsPeersOf(directory)) abortNfsPeers(path, machine);
}

function nfsPeersOf(directory: StateDirectory): string[] {
  return readLedger(directory.path).records.flatMap((record) =>
    record.kind === 'nfs-peers' && dirname(record.path) === directory.path ? [record.path] : [],
  );
}

/**
 * Until none of our tasks is in D state: only then do they take a signal.
 * @param halfway what is done when they have not left it after half of the time
 */
async function waitForTasks(
  processes: readonly RecordedProcess[],
  waitMs: number,
  machine: Machine,
  halfway: () => void,
): Promise<Outcome> {
  const deadlineMs = machine.nowMs() + waitMs;
  let isHalfway = false;
  for (;;) {
    const pids = processes.filter((one) => isProcessRunning(one, machine.root)).map(({ pid }) => pid);
    const stuck = tasksInState('D', machine.root, pids);
    if (stuck.length === 0) return done(`none of ${pids.length} processes is in D state`);
    if (machine.nowMs() >= deadlineMs) {
      const who = stuck.map(({ tid, comm, wchan }) => `${comm}[${tid}] in ${wchan ?? 'an unknown place'}`);
      return failed(`still in D state after ${waitMs} ms: ${who.join(', ')}`);
    }
    if (!isHalfway && machine.nowMs() >= deadlineMs - waitMs / 2) {
      isHalfway = true;
      halfway();
    }
    await machine.sleep(pollMs);
  }
}

async function kill(
  processes: readonly RecordedProcess[],
  roles: readonly ProcessRole[],
  waitMs: number,
  machine: Machine,
): Promise<Outcome> {
  const runs = (one: RecordedProcess): boolean => isProcessRunning(one, machine.root);
  const targets = processes.filter((one) => one.pid !== process.pid && roles.includes(one.role) && runs(one));
  const refused: string[] = [];
  for (const target of targets) {
    const result = machine.kill(target, SIGKILL);
    if (result < 0 && result !== -Errno.ESRCH) refused.push(`${describe(target)}: ${errnoName(-result)}`);
  }
  if (refused.length > 0) return failed(`cannot be killed: ${refused.join(', ')}`);
  const deadlineMs = machine.nowMs() + waitMs;
  for (;;) {
    const left = targets.filter(runs);
    if (left.length === 0) return done(targets.length === 0 ? 'none runs' : targets.map(describe).join(', '));
    if (machine.nowMs() >= deadlineMs) {
      return failed(`killed, and not ended after ${waitMs} ms: ${left.map(describe).join(', ')}`);
    }
    await machine.sleep(pollMs);
  }
}

function describe({ role, pid }: RecordedProcess): string {
  return `${role} ${pid}`;
}

function unmount(state: State, machine: Machine): Outcome {
  if (state.mountPoint === undefined || state.device === undefined) return done('nothing was mounted');
  return unmountOurs(state.mountPoint, state.device, machine);
}

function summary(actions: readonly RestoreAction[]): Outcome {
  const text = actions.map(({ what, ok, detail }) => `${what}: ${ok ? '' : 'FAILED: '}${detail}`).join('; ');
  return { ok: actions.every(({ ok }) => ok), detail: text === '' ? 'nothing to undo' : text };
}
