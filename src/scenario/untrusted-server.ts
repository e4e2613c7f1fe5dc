/**
 * A server that an unprivileged user runs in namespaces of its own.  Its daemon has no rights on the machine, so the
 * state directory of the mount and the watchdog are the runner's: before the daemon is told that it is guarded it
 * arms no fault.  The mount lies in a mount namespace that the runner never enters.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ControlClient, connect } from '../control/client/client.js';
import { fuseAbortPath, fuseConnectionId } from '../kernel/fusectl.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { readProcStat } from '../kernel/proc-stat.js';
import { cleanUp } from '../safety/cleanup.js';
import { thisMachine } from '../safety/machine.js';
import { StateDirectory } from '../safety/state-directory.js';
import { deviceOf, isOurMount } from '../safety/stuck-mounts.js';
import { spawnWatchdog, type Watchdog } from '../safety/watchdog.js';
import { heartbeatIntervalMs } from '../safety/watchdog-decision.js';
import { DaemonProcess, ServerError } from './daemon-process.js';
import { type ArmServer, cleanUpMountOf, type ServerConfig } from './server.js';
import {
  asUntrusted,
  besideUntrusted,
  untrustedMountPoint,
  untrustedStateDir,
} from './untrusted-namespaces.js';

const SIGKILL = 9;

export class UntrustedServer implements ArmServer {
  private isGuarded = true;
  private isStopping = false;

  private constructor(
    private readonly daemon: DaemonProcess,
    private readonly directory: StateDirectory,
    private readonly watchdog: Watchdog,
    private readonly mount: { readonly device: string; readonly connection: number },
    readonly client: ControlClient,
    readonly workloadThrough: readonly string[],
  ) {
    void watchdog.ended.then(() => {
      this.isGuarded = false;
      this.sayGuard(null);
    });
    this.sayGuard(watchdog.pid);
    void this.beat();
  }

  /** @throws what kept it from starting; then nothing of it is left */
  static async start(config: ServerConfig): Promise<UntrustedServer> {
    try {
      return await UntrustedServer.startGuarded(config);
    } catch (error) {
      await cleanUpMountOf({ pid: process.pid, startTime: readProcStat('self').starttime });
      throw error;
    }
  }

  private static async startGuarded({ design, logFile, ...config }: ServerConfig): Promise<UntrustedServer> {
    const { runDirectory, maxHoldMs } = config;
    const leader = basename(runDirectory);
    const directory = StateDirectory.create('mount', 'runner', { mountPoint: untrustedMountPoint, leader });
    const { runDirectory: _, ...ofDaemon } = config;
    const daemon = spawnDaemon({ ...design, ...ofDaemon, mountPoint: untrustedMountPoint }, logFile);
    if (daemon.pid !== undefined) directory.addProcess('daemon', daemon.pid);
    const { pid, socketPath } = await daemon.ready().catch((error: Error) => {
      const said = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
      throw new ServerError(`${error.message}; the last in ${basename(logFile)}: ${said}`, 1, error);
    });
    // The kernel's word, not the daemon's.
    const mount = readMountinfo('/', pid).find(
      (entry) => isOurMount(entry) && entry.mountPoint === untrustedMountPoint,
    );
    if (mount === undefined) throw new ServerError(`the mount namespace of ${pid} has no mount of ours`);
    const device = deviceOf(mount);
    const connection = fuseConnectionId(mount);
    // Through its root directory: its /run is not ours.
    const socket = `/proc/${pid}/root${socketPath}`;
    directory.update({ device, connection, socketPath: socket });
    const watchdog = await spawnWatchdog({
      directory,
      abortPath: fuseAbortPath(connection),
      maxHoldMs,
      leashFd: 'pipe',
      runDirectory,
    });
    const client = connect({ socketPath: socket });
    return new UntrustedServer(
      daemon,
      directory,
      watchdog,
      { device, connection },
      client,
      besideUntrusted(pid),
    );
  }

  private sayGuard(guardedBy: number | null): void {
    const { leash } = this.daemon;
    if (leash?.writable === true) leash.write(`${JSON.stringify({ guardedBy })}\n`);
  }

  /** What the daemon does for its own watchdog elsewhere. One that does not answer is silent, and aborted for that. */
  private async beat(): Promise<void> {
    while (!this.isStopping && this.isGuarded) {
      try {
        this.watchdog.heartbeat((await this.client.status()).held.oldestMs);
      } catch {
        // Silence is told by the heartbeats that do not come.
      }
      await delay(heartbeatIntervalMs / 2, undefined, { ref: false });
    }
  }

  get device(): string {
    return this.mount.device;
  }

  get connection(): number {
    return this.mount.connection;
  }

  kill(): Promise<void> {
    this.daemon.kill('SIGKILL');
    return this.daemon.exited;
  }

  async isSound(): Promise<boolean> {
    if (!this.daemon.isRunning || !this.isGuarded) return false;
    return (await this.client.status()).watchdogPid === this.watchdog.pid;
  }

  async stop(deadlineMs: number): Promise<void> {
    this.isStopping = true;
    const ended = this.daemon.exited.then(() => true);
    try {
      await this.client.unmount({ force: true }, { timeoutMs: deadlineMs });
      await Promise.race([ended, delay(deadlineMs, false, { ref: false })]);
    } catch {
      // Dead, or silent: the cleanup does not need it.
    }
    await cleanUp(this.directory);
    const disarmed = this.watchdog.bye().then(() => true);
    // One that is stopped would keep fusectl mounted, and nothing is left for it to watch.
    if (!(await Promise.race([disarmed, delay(deadlineMs, false, { ref: false })])))
      thisMachine.kill(this.watchdog, SIGKILL);
  }
}

function spawnDaemon(config: Readonly<Record<string, unknown>>, logFile: string): DaemonProcess {
  const { PATH = '', LD_LIBRARY_PATH, STUCKFS_PATIENCE } = process.env;
  const stderrFd = openSync(logFile, 'a', 0o600);
  try {
    return DaemonProcess.spawn({
      config: { ...config, guardedFromOutside: true },
      through: asUntrusted(ourMounts()),
      stderrFd,
      env: {
        PATH: `${PATH}:/usr/sbin:/usr/bin:/sbin:/bin`,
        STUCKFS_STATE_DIR: untrustedStateDir,
        ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }),
        ...(STUCKFS_PATIENCE === undefined ? {} : { STUCKFS_PATIENCE }),
      },
    });
  } finally {
    closeSync(stderrFd);
  }
}

/** The last mount first, as it may lie on top of another. */
function ourMounts(): string[] {
  return readMountinfo()
    .filter(isOurMount)
    .map(({ mountPoint }) => mountPoint)
    .toReversed();
}
