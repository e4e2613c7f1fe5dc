/**
 * Who un-wedges the mount when the daemon cannot: a watchdog of the daemon's own, or one that the holder of the leash
 * names.  While there is none nothing may be withheld; where it is lost everything is released at once.
 */
import type { Logger } from '../base/log.js';
import { patient } from '../base/patience.js';
import { fuseAbortPath } from '../kernel/fusectl.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { spawnWatchdog, type Watchdog } from '../safety/watchdog.js';
import type { DaemonConfig } from './config.js';
import { DaemonStartError } from './daemon-errors.js';
import { OutsideGuard } from './outside-guard.js';
import { within } from './within.js';

const DISARM_DEADLINE_MS = 2000;

export interface GuardOptions {
  readonly config: DaemonConfig;
  readonly state: StateDirectory;
  readonly connection: number;
  readonly log: Logger;
  /** Lets go of all that is withheld. */
  readonly letGo: () => Promise<unknown>;
  /** Whoever started the daemon is gone. */
  readonly abandoned: () => void;
}

export class Guard {
  private watchdog: Watchdog | undefined;
  private outside: OutsideGuard | undefined;
  private disarmed = false;
  /** Of a watchdog in the place of one that was lost. */
  private restart: Promise<void> = Promise.resolve();

  private constructor(private readonly options: GuardOptions) {}

  static async start(options: GuardOptions): Promise<Guard> {
    const guard = new Guard(options);
    const { guardedFromOutside, leashFd } = options.config;
    if (!guardedFromOutside) await guard.startWatchdog();
    else if (leashFd === undefined) throw new DaemonStartError('guarded from outside, and no leash');
    else guard.listen(leashFd);
    return guard;
  }

  /** Of the watchdog; null while there is none. */
  get pid(): number | null {
    return this.watchdog?.pid ?? this.outside?.pid ?? null;
  }

  /** @param oldestHeldMs for how long the oldest request has been held, null where none is */
  heartbeat(oldestHeldMs: number | null): void {
    this.watchdog?.heartbeat(oldestHeldMs);
  }

  /** Its end is no loss from now on. */
  expectEnd(): void {
    this.disarmed = true;
  }

  async disarm(): Promise<void> {
    await within(patient(DISARM_DEADLINE_MS), this.restart);
    const { watchdog } = this;
    if (watchdog !== undefined) await within(patient(DISARM_DEADLINE_MS), watchdog.bye());
  }

  private listen(leashFd: number): void {
    const { log, letGo, abandoned } = this.options;
    this.outside = OutsideGuard.onDescriptor(leashFd, {
      lost: () => {
        log.error('the watchdog outside ended; releasing everything');
        void letGo().catch(() => {});
      },
      ended: abandoned,
    });
  }

  private async startWatchdog(): Promise<void> {
    const { config, state, connection, log } = this.options;
    const watchdog = await spawnWatchdog({
      directory: state,
      abortPath: fuseAbortPath(connection),
      maxHoldMs: config.maxHoldMs,
      ...(config.leashFd === undefined ? {} : { leashFd: config.leashFd }),
      ...(config.runDirectory === undefined ? {} : { runDirectory: config.runDirectory }),
    });
    this.watchdog = watchdog;
    void watchdog.aborted.then((reason) => log.error({ reason }, 'the watchdog aborted the connection'));
    void watchdog.ended.then(() => {
      this.restart = this.lost(watchdog);
    });
  }

  /** Nothing guards the mount now: un-wedge at once, and only then see to a new one. */
  private async lost(watchdog: Watchdog): Promise<void> {
    if (this.disarmed || this.watchdog !== watchdog) return;
    this.watchdog = undefined;
    const { config, log, letGo } = this.options;
    log.error({ pid: watchdog.pid }, 'the watchdog ended; releasing everything');
    try {
      await letGo();
      // A run goes on with the watchdog that it knows, or not at all: its leash is in the old one's hands.
      if (config.leashFd === undefined && !this.disarmed) await this.startWatchdog();
    } catch (error) {
      log.error({ err: error }, 'no new watchdog: faults stay refused');
    }
  }
}
