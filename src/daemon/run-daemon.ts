/**
 * A daemon from start to end.  Starts in this order, so that a wedge can be ended at any moment: mount, watchdog,
 * serving thread, control socket; only then does it say that it is ready.  Ends in the reverse order.
 */
import { closeSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StuckfsError } from '../base/errors.js';
import { createLogger, type Logger } from '../base/log.js';
import { packageVersion } from '../base/version.js';
import { type ControlServer, startControlServer } from '../control/server/server.js';
import { fuseAbortPath } from '../kernel/fusectl.js';
import { findMount, readMountinfo } from '../kernel/mountinfo.js';
import { Ledger } from '../safety/ledger.js';
import { StateDirectory } from '../safety/state-directory.js';
import { spawnWatchdog, type Watchdog } from '../safety/watchdog.js';
import { close, OpenFlag, open, write } from '../syscall/file.js';
import { MNT_DETACH, UMOUNT_NOFOLLOW, umount2 } from '../syscall/mount.js';
import { type FuseMount, mountFuse } from '../transport/fuse-mount.js';
import { parseMountOptions } from '../transport/mount-options.js';
import type { DaemonConfig, DaemonReady, DaemonRefused } from './config.js';
import { Daemon } from './daemon.js';
import { Serving } from './serving.js';
import { defaultMaxBytes } from './size-limit.js';

const HEARTBEAT_MS = 250;
const INIT_DEADLINE_MS = 10_000;
const DISARM_DEADLINE_MS = 2000;

class DaemonStartError extends StuckfsError {
  override readonly code = 'DAEMON_START';
}

/**
 * Serves until the connection ends.
 * @param background without a terminal: the log goes to daemon.log in the state directory unless --log-file says
 * @throws what kept it from starting; then nothing is mounted and nothing runs
 */
export async function runDaemon(
  config: DaemonConfig,
  { background }: { background: boolean },
): Promise<void> {
  const running = new RunningDaemon(config, background);
  try {
    const ready = await running.start();
    tellReady(config, ready);
  } catch (error) {
    await running.stop('could not start');
    tellReady(config, refusal(error));
    throw error;
  }
  await running.stop(await running.ended());
}

class RunningDaemon {
  private state: StateDirectory | undefined;
  private ledger: Ledger | undefined;
  private mount: FuseMount | undefined;
  private watchdog: Watchdog | undefined;
  private serving: Serving | undefined;
  private server: ControlServer | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private stopping = false;

  private log: Logger | undefined;

  constructor(
    private readonly config: DaemonConfig,
    private readonly background: boolean,
  ) {}

  async start(): Promise<DaemonReady> {
    const { config } = this;
    const options = parseMountOptions(config.mountOptions);
    const { runDirectory } = config;
    const state = StateDirectory.create('mount', 'daemon', {
      mountPoint: config.mountPoint,
      ...(runDirectory === undefined ? {} : { leader: basename(runDirectory) }),
    });
    this.state = state;
    const log = createLogger({
      level: config.logLevel,
      destination: config.logFile ?? (this.background ? state.file('daemon.log') : 'stderr'),
      pretty: config.logFile === undefined && process.stderr.isTTY === true,
    });
    this.log = log;
    this.ledger = Ledger.open(state);
    this.ledger.mountPseudo('fusectl');
    const mount = mountFuse(config.mountPoint, options);
    this.mount = mount;
    const socketPath = config.socketPath ?? state.file('control.sock');
    state.update({ device: mount.device, connection: mount.connection, socketPath });
    const watchdog = await this.startWatchdog(mount);
    this.serving = new Serving({
      fuseFd: mount.fd,
      config,
      maxBytes: config.maxBytes ?? defaultMaxBytes(),
      log: (level, text) => log[level](text),
    });
    await this.waitForInit(this.serving);
    const daemon = new Daemon({
      version: packageVersion(),
      config,
      mount,
      serving: this.serving,
      watchdogPid: () => this.watchdog?.pid ?? null,
      abort: () => this.abort(),
    });
    this.server = await startControlServer({ socketPath, api: daemon, log });
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        log.info({ signal }, 'ending');
        daemon.unmount({ force: true }).catch(() => this.abort());
      });
    }
    const ready = {
      pid: process.pid,
      mountPoint: mount.mountPoint,
      device: mount.device,
      connection: mount.connection,
      socketPath,
      stateDirectory: state.path,
      watchdogPid: watchdog.pid,
    };
    log.info(ready, 'mounted');
    return { ready };
  }

  private async startWatchdog(mount: FuseMount): Promise<Watchdog> {
    const { config, state } = this;
    if (state === undefined) throw new DaemonStartError('no state directory');
    const watchdog = await spawnWatchdog({
      directory: state,
      abortPath: fuseAbortPath(mount.connection),
      maxHoldMs: config.maxHoldMs,
      ...(config.leashFd === undefined ? {} : { leashFd: config.leashFd }),
      ...(config.runDirectory === undefined ? {} : { runDirectory: config.runDirectory }),
    });
    this.watchdog = watchdog;
    void watchdog.aborted.then((reason) =>
      this.log?.error({ reason }, 'the watchdog aborted the connection'),
    );
    void watchdog.ended.then(() => this.watchdogLost(watchdog, mount));
    return watchdog;
  }

  /** Nothing guards the mount now: un-wedge at once, and only then see to a new one. */
  private async watchdogLost(watchdog: Watchdog, mount: FuseMount): Promise<void> {
    if (this.stopping || this.watchdog !== watchdog) return;
    this.watchdog = undefined;
    this.log?.error({ pid: watchdog.pid }, 'the watchdog ended; releasing everything');
    try {
      await this.serving?.ask('clearFaults');
      await this.serving?.ask('release', { order: 'fifo' });
      // A run goes on with the watchdog that it knows, or not at all: its leash is in the old one's hands.
      if (this.config.leashFd === undefined) await this.startWatchdog(mount);
    } catch (error) {
      this.log?.error({ err: error }, 'no new watchdog: faults stay refused');
    }
  }

  private async waitForInit(serving: Serving): Promise<void> {
    const failed = serving.ended.then((reason) => {
      throw new DaemonStartError(`the connection ended before INIT: ${reason}`);
    });
    const late = delay(INIT_DEADLINE_MS, undefined, { ref: false }).then(() => {
      throw new DaemonStartError(`the kernel sent no INIT within ${INIT_DEADLINE_MS} ms`);
    });
    await Promise.race([serving.initialised, failed, late]);
  }

  private beat(): void {
    const since = this.serving?.shared.oldestSinceMs ?? 0;
    this.watchdog?.heartbeat(since === 0 ? null : Math.max(0, Number(process.hrtime.bigint()) / 1e6 - since));
  }

  private abort(): void {
    if (this.mount === undefined) return;
    const fd = open(fuseAbortPath(this.mount.connection), OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
    // Gone with the connection: then there is nothing left to abort.
    if (fd < 0) return;
    write(fd, Buffer.from('1'));
    close(fd);
  }

  /** Resolves with the reason when there is nothing left to serve. */
  ended(): Promise<string> {
    return this.serving?.ended ?? Promise.resolve('never started');
  }

  /** Everything that start() did, undone in reverse; each step whatever became of the others. */
  async stop(reason: string): Promise<void> {
    this.stopping = true;
    this.log?.info({ reason }, 'ended');
    clearInterval(this.heartbeat);
    await this.server?.close();
    if (this.mount !== undefined) {
      this.abort();
      close(this.mount.fd);
      if (isStillMounted(this.mount)) umount2(this.mount.mountPoint, MNT_DETACH | UMOUNT_NOFOLLOW);
    }
    if (this.watchdog !== undefined) {
      // The watchdog's pipes keep no process alive; the timer must, or Node ends (status 13) in the middle of this.
      const disarmed = new AbortController();
      const late = delay(DISARM_DEADLINE_MS, undefined, { signal: disarmed.signal }).catch(() => undefined);
      await Promise.race([this.watchdog.bye(), late]);
      disarmed.abort();
    }
    const actions = this.ledger?.restore() ?? [];
    for (const action of actions.filter(({ ok }) => !ok)) this.log?.warn({ action }, 'not restored');
    // What is left is written down there, for the watchdog, which looks once more, or for a rescue.
    if (actions.every(({ ok }) => ok)) this.state?.remove();
  }
}

function isStillMounted(mount: FuseMount): boolean {
  const entry = findMount(readMountinfo(), mount.mountPoint);
  return entry !== undefined && `${entry.major}:${entry.minor}` === mount.device;
}

function refusal(error: unknown): DaemonRefused {
  const exitStatus = error instanceof StuckfsError ? error.exitStatus : 1;
  return { error: { message: (error as Error).message, exitStatus } };
}

function tellReady(config: DaemonConfig, said: DaemonReady | DaemonRefused): void {
  if (config.readyFd === undefined) return;
  try {
    writeSync(config.readyFd, `${JSON.stringify(said)}\n`);
    closeSync(config.readyFd);
  } catch {
    // Whoever waited for it is gone; the mount is up all the same.
  }
}
