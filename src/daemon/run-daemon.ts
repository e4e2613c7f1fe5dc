/**
 * A daemon from start to end.  Starts in this order, so that a wedge can be ended at any moment: signals, control
 * socket, mount, abort file, watchdog, serving thread; only then does it say that it is ready.  Ends in reverse.
 */
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger, type Logger } from '../base/log.js';
import { patient } from '../base/patience.js';
import { packageVersion } from '../base/version.js';
import { type ControlServer, startControlServer } from '../control/server/server.js';
import { Ledger } from '../safety/ledger.js';
import { thisMachine } from '../safety/machine.js';
import { preferNotToBeKilled } from '../safety/oom-score.js';
import { StateDirectory } from '../safety/state-directory.js';
import { unmountOurs } from '../safety/unmount.js';
import { close } from '../syscall/file.js';
import type { FuseMount } from '../transport/fuse-mount.js';
import { parseMountOptions } from '../transport/mount-options.js';
import { AbortFile } from './abort-file.js';
import type { DaemonConfig, DaemonReady } from './config.js';
import { Daemon } from './daemon.js';
import { DaemonStartError, DaemonStopError, InterruptedStartError } from './daemon-errors.js';
import { refusal, tellReady } from './first-word.js';
import { Guard } from './guard.js';
import { maxPagesLimit } from './kernel-limits.js';
import { lateApi } from './late-api.js';
import { withinLibfuse } from './libfuse-limits.js';
import { mountServed } from './served-mount.js';
import type { ServingHandle } from './serving.js';
import { defaultMaxBytes } from './size-limit.js';
import { planSplice } from './splice-plan.js';
import { within } from './within.js';

const HEARTBEAT_MS = 250;
const INIT_DEADLINE_MS = 10_000;
/** For the serving thread to see the end of the connection. */
const SERVING_END_MS = 2000;
/** For an orderly unmount on a signal; then the connection is aborted. */
const SIGNAL_PATIENCE_MS = 5000;

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
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => running.onSignal(signal));
  }
  // Where it is not allowed the watchdog is there for this case, too.
  preferNotToBeKilled('daemon');
  try {
    const ready = await running.start();
    tellReady(config, ready);
  } catch (error) {
    await running.stop('could not start');
    tellReady(config, refusal(error));
    throw error;
  }
  const reason = await running.ended();
  if (config.outlivesConnection) await running.toldToEnd();
  await running.stop(reason);
}

class RunningDaemon {
  private state: StateDirectory | undefined;
  private ledger: Ledger | undefined;
  private server: ControlServer | undefined;
  private mount: FuseMount | undefined;
  private abortFile: AbortFile | undefined;
  private guard: Guard | undefined;
  private serving: ServingHandle | undefined;
  private daemon: Daemon | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private interruption: InterruptedStartError | undefined;
  private signalled = false;
  /** Steps of the end that failed. */
  private undone = 0;
  private stopping = false;
  private log: Logger | undefined;
  private giveUp: (reason: string) => void = () => {};
  private readonly gaveUp = new Promise<string>((resolve) => {
    this.giveUp = resolve;
  });
  /** It lives on without a connection. */
  private outlived = false;
  private tellToEnd: () => void = () => {};
  private readonly told = new Promise<void>((resolve) => {
    this.tellToEnd = resolve;
  });
  private breakOff: (error: InterruptedStartError) => void = () => {};
  private readonly brokenOff = new Promise<InterruptedStartError>((resolve) => {
    this.breakOff = resolve;
  });

  constructor(
    private readonly config: DaemonConfig,
    private readonly background: boolean,
  ) {}

  async start(): Promise<DaemonReady> {
    const { runDirectory, mountPoint } = this.config;
    const options = parseMountOptions(this.config.mountOptions);
    const state = StateDirectory.create('mount', 'daemon', {
      mountPoint,
      ...(runDirectory === undefined ? {} : { leader: basename(runDirectory) }),
    });
    this.state = state;
    const log = this.openLog(state);
    this.log = log;
    // Before the mount: a socket that cannot be had must not leave anything to undo.
    const socketPath = this.config.socketPath ?? state.file('control.sock');
    this.server = await startControlServer({ socketPath, api: lateApi(() => this.daemon), log });
    this.refuseInterrupted();
    this.ledger = Ledger.open(state);
    this.ledger.mountPseudo('fusectl');
    const allowed = this.withinLimits();
    const splice = planSplice(allowed);
    if (splice?.status.limited) log.warn(splice.status.limited);
    const config = { ...allowed, maxPages: splice?.maxPages ?? allowed.maxPages };
    const served = await mountServed({
      mountPoint,
      mountOptions: options,
      config,
      maxBytes: config.maxBytes ?? defaultMaxBytes(),
      splice,
      log: (level, text) => log[level](text),
    });
    const { mount } = served;
    this.mount = mount;
    this.serving = served.serving;
    state.update({ device: mount.device, connection: mount.connection, socketPath });
    this.abortFile = AbortFile.open(mount.connection);
    this.guard = await Guard.start({
      config,
      state,
      connection: mount.connection,
      log,
      letGo: async () => this.serving?.ask('letGoOfAll'),
      abandoned: () => this.giveUp('whoever started it is gone'),
    });
    this.refuseInterrupted();
    const serving = served.serve();
    this.serving = serving;
    await this.waitForInit(serving);
    this.refuseInterrupted();
    this.daemon = new Daemon({
      version: packageVersion(),
      config,
      splice: splice?.status,
      mount,
      serving,
      watchdogPid: () => this.guard?.pid ?? null,
      abort: () => this.abortFile?.abort(),
    });
    if (config.plan !== undefined) await this.daemon.startPlan(config.plan);
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
    const ready = {
      pid: process.pid,
      mountPoint: mount.mountPoint,
      device: mount.device,
      connection: mount.connection,
      socketPath,
      stateDirectory: state.path,
      watchdogPid: this.guard.pid,
    };
    log.info(ready, 'mounted');
    return { ready };
  }

  private openLog(state: StateDirectory): Logger {
    const { logLevel, logFile } = this.config;
    return createLogger({
      level: logLevel,
      destination: logFile ?? (this.background ? state.file('daemon.log') : 'stderr'),
      pretty: logFile === undefined && process.stderr.isTTY === true,
    });
  }

  private withinLimits(): DaemonConfig {
    if (this.config.transport === 'libfuse') return withinLibfuse(this.config);
    const limit = maxPagesLimit();
    const { maxPages } = this.config;
    if (maxPages <= limit) return this.config;
    this.log?.warn({ maxPages, limit }, 'the kernel allows fewer pages in one request');
    return { ...this.config, maxPages: limit };
  }

  private async waitForInit(serving: ServingHandle): Promise<void> {
    const failed = serving.ended.then((reason) => {
      throw new DaemonStartError(`the connection ended before INIT: ${reason}`);
    });
    const deadlineMs = patient(INIT_DEADLINE_MS);
    const late = delay(deadlineMs, undefined, { ref: false }).then(() => {
      throw new DaemonStartError(`the kernel sent no INIT within ${deadlineMs} ms`);
    });
    await Promise.race([serving.initialised, failed, late, this.brokenOff]);
  }

  /** While it starts, the start is broken off; afterwards the mount is ended in order, or aborted. */
  onSignal(signal: NodeJS.Signals): void {
    if (this.signalled || this.stopping) return;
    this.signalled = true;
    this.log?.info({ signal }, 'ending');
    this.tellToEnd();
    if (this.outlived) return;
    if (this.daemon !== undefined && this.serving !== undefined) void this.end(this.daemon, this.serving);
    else {
      this.interruption = new InterruptedStartError(signal);
      this.breakOff(this.interruption);
    }
  }

  private refuseInterrupted(): void {
    if (this.interruption !== undefined) throw this.interruption;
  }

  private async end(daemon: Daemon, serving: ServingHandle): Promise<void> {
    const unmounted = daemon.unmount({ force: true }).then(
      () => true,
      (error: unknown) => {
        this.log?.error({ err: error }, 'not unmounted');
        return false;
      },
    );
    const inTime = await within(patient(SIGNAL_PATIENCE_MS), unmounted);
    if (inTime === true && (await serving.endsWithin(patient(SERVING_END_MS)))) return;
    this.abortFile?.abort();
    if (!(await serving.endsWithin(patient(SERVING_END_MS)))) this.giveUp('the serving thread does not end');
  }

  private beat(): void {
    const nowMs = Number(process.hrtime.bigint()) / 1e6;
    this.guard?.heartbeat(this.serving?.shared.oldestHeldMs(nowMs) ?? null);
  }

  /** Resolves with the reason when there is nothing left to serve. */
  ended(): Promise<string> {
    return Promise.race([this.serving?.ended ?? 'never started', this.gaveUp]);
  }

  /** Told, given up, or for as long as it may hold requests: who started it may be gone, or hang. */
  async toldToEnd(): Promise<void> {
    this.outlived = true;
    this.log?.info('the connection has ended; waiting to be told to end');
    await within(this.config.maxHoldMs, Promise.race([this.told, this.gaveUp]));
  }

  /** Everything that start() did, undone in reverse; each step whatever became of the others. */
  async stop(reason: string): Promise<void> {
    this.stopping = true;
    this.guard?.expectEnd();
    this.log?.info({ reason }, 'ended');
    clearInterval(this.heartbeat);
    this.daemon?.events.end(reason);
    await this.attempt('close the control socket', () => this.server?.close());
    if (this.mount !== undefined) await this.endMount(this.mount, reason);
    await this.attempt('disarm the watchdog', () => this.guard?.disarm());
    // The last that keeps fusectl from being unmounted.
    this.abortFile?.close();
    await this.attempt('put back what was changed', () => {
      const failed = this.ledger?.restore().filter(({ ok }) => !ok) ?? [];
      if (failed.length > 0)
        throw new DaemonStopError(failed.map(({ what, detail }) => `${what}: ${detail}`).join('; '));
    });
    // What is left is written down there, for the watchdog, which looks once more, or for a rescue.
    if (this.undone === 0) await this.attempt('remove the state directory', () => this.state?.remove());
  }

  private async endMount(mount: FuseMount, reason: string): Promise<void> {
    if (reason !== 'unmounted') await this.attempt('abort', () => this.abortFile?.abort());
    const { serving } = this;
    const isOver = serving === undefined || (await serving.endsWithin(patient(SERVING_END_MS)));
    // A thread that hangs may come back to a number that by then names another file.
    if (isOver) close(mount.fd);
    else {
      this.log?.error('the serving thread does not end');
      serving.giveUp();
    }
    await this.attempt('unmount', () => {
      const { ok, detail } = unmountOurs(mount.mountPoint, mount.device, thisMachine);
      if (!ok) throw new DaemonStopError(detail);
    });
  }

  private async attempt(what: string, act: () => unknown): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.undone += 1;
      this.log?.error({ err: error }, `cannot ${what}`);
    }
  }
}
