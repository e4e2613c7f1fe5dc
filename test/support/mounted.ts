/**
 * A real mount for one test: an own state directory, the daemon started by the command line, and at the end the
 * proof that nothing of it is left.  Never touches the mount itself; file access is FileActor's.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readMountinfo } from '../../src/kernel/mountinfo.js';
import { isSameProcess, readProcStat } from '../../src/kernel/proc-stat.js';
import { type CliResult, type RunningCli, startCli } from './cli.js';
import { eventually } from './eventually.js';
import { FileActor } from './file-actor.js';

const cliMs = 30_000;
const endMs = 10_000;
const actorEndMs = 5000;

export interface Ready {
  readonly pid: number;
  readonly mountPoint: string;
  /** major:minor, the name of the bdi too. */
  readonly device: string;
  readonly connection: number;
  readonly socketPath: string;
  readonly watchdogPid: number;
}

interface Identity {
  readonly pid: number;
  readonly startTime: number;
}

/** A directory for state and one for the mount, both gone at the end; mounts only when told. */
export class MountPlace {
  readonly #base = mkdtempSync(join(tmpdir(), 'stuckfs-mount-'));
  readonly stateRoot = join(this.#base, 'state');
  readonly mountPoint = join(this.#base, 'mnt');
  readonly environment = { ...process.env, STUCKFS_STATE_DIR: this.stateRoot };
  private readonly hadFusectl = isFusectlMounted();
  private readonly actors: FileActor[] = [];
  private readonly watched: Identity[] = [];

  constructor(context: TestContext) {
    // Other users are to reach the mount.
    chmodSync(this.#base, 0o755);
    mkdirSync(this.stateRoot, { mode: 0o700 });
    mkdirSync(this.mountPoint);
    context.after(() => this.end());
  }

  /** A path outside of the mount that goes with the place. */
  outside(name: string): string {
    return join(this.#base, name);
  }

  start(...words: readonly string[]): RunningCli {
    return startCli(words, cliMs, this.environment);
  }

  cli(...words: readonly string[]): Promise<CliResult> {
    return this.start(...words).result;
  }

  async mount(...options: readonly string[]): Promise<Ready> {
    const result = await this.cli('mount', '--json', ...options, this.mountPoint);
    assert.equal(result.status, 0, result.stderr);
    const ready = JSON.parse(result.stdout) as Ready;
    this.watch(ready.pid);
    this.watch(ready.watchdogPid);
    return ready;
  }

  /** Has the end of the test look that this process is gone. */
  watch(pid: number): void {
    this.watched.push({ pid, startTime: readProcStat(pid).starttime });
  }

  actor(): FileActor {
    const actor = FileActor.start();
    this.actors.push(actor);
    return actor;
  }

  /** What is left of the mount, a line each. */
  leftovers(): string[] {
    const lines: string[] = [];
    for (const { mountPoint } of readMountinfo()) {
      if (mountPoint === this.mountPoint) lines.push(`mounted: ${mountPoint}`);
    }
    if (!this.hadFusectl && isFusectlMounted()) lines.push('fusectl is mounted, and was not');
    for (const { pid, startTime } of this.watched) {
      if (isSameProcess(pid, startTime) && readProcStat(pid).state !== 'Z')
        lines.push(`process ${pid} lives`);
    }
    if (existsSync(this.stateRoot)) {
      const names = readdirSync(this.stateRoot).filter((name) => name !== 'ledger.lock');
      lines.push(...names.map((name) => `state directory: ${name}`));
    }
    return lines;
  }

  /** Until the daemon has ended by itself and nothing is left. */
  async gone(deadlineMs = endMs): Promise<void> {
    await eventually('nothing left of the mount', deadlineMs, () => this.leftovers().length === 0).catch(() =>
      assert.deepEqual(this.leftovers(), []),
    );
  }

  /** Unmounts if it is mounted, and looks that nothing is left; whatever fails, the machine is cleaned. */
  private async end(): Promise<void> {
    try {
      // One that waits for what is still held ends with the mount.
      const ends = Promise.allSettled(this.actors.map((actor) => actor.end()));
      await Promise.race([ends, delay(actorEndMs, undefined, { ref: false })]);
      if (readMountinfo().some(({ mountPoint }) => mountPoint === this.mountPoint)) {
        const result = await this.cli('unmount', this.mountPoint);
        assert.equal(result.status, 0, result.stderr);
      }
      await this.gone();
      for (const end of await ends) if (end.status === 'rejected') throw end.reason;
    } finally {
      if (this.leftovers().length > 0) await this.cli('rescue', '--mount', this.mountPoint);
      if (!readMountinfo().some(({ mountPoint }) => mountPoint === this.mountPoint)) {
        // A process that ends may take the ledger's lock once more, and so make its file again meanwhile.
        rmSync(this.#base, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
      }
    }
  }
}

function isFusectlMounted(): boolean {
  return readMountinfo().some(({ fsType }) => fsType === 'fusectl');
}

interface Mounted {
  readonly place: MountPlace;
  readonly ready: Ready;
  readonly actor: FileActor;
  readonly at: (name: string) => string;
}

/** A mount with these options of `stuckfs mount`, and a child to use it. */
export function mounted(context: TestContext, ...options: readonly string[]): Promise<Mounted> {
  return mountedWith(context, () => options);
}

/** As `mounted`, with options that depend on the place. */
export async function mountedWith(
  context: TestContext,
  optionsAt: (place: MountPlace) => readonly string[],
): Promise<Mounted> {
  const place = new MountPlace(context);
  const ready = await place.mount(...optionsAt(place));
  return { place, ready, actor: place.actor(), at: (name) => join(place.mountPoint, name) };
}
