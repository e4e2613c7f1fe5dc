/**
 * Files that are named by a hash of what they are made of, and made once.  They are made under another name and renamed
 * when they are whole, under a lock that the kernel drops when its holder dies: a break leaves at most a temporary name,
 * which the next to make something removes.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StuckfsError } from '../../base/errors.js';
import { tryFlock } from '../../syscall/flock.js';
import { makeDirectory } from '../cache.js';
import { isFullDisk } from '../vm-failure.js';
import { GuestError } from './guest-error.js';

const EAGAIN = -11;
const pollMs = 100;
const lockPatienceMs = 300_000;
/** A machine that is about to be started has its files looked up, and not yet opened. */
const inUseMs = 3600_000;

export interface Wanted {
  /** Of all that it is made of. */
  readonly hash: string;
  /** What it takes at most while it is made. */
  readonly bytes: number;
  /** @param path to write it to; names that start with it may be used, too */
  make(path: string): void | Promise<void>;
}

export class GuestCache {
  constructor(
    private readonly directory: string,
    /** `image`, `initrd` */
    private readonly kind: string,
    /** So many are kept; older ones are removed once another is made. */
    private readonly kept: number,
  ) {}

  /**
   * The file, made first where it is not there.
   * @throws {GuestError} GUEST_CACHE when it cannot be written; {UsageError} when the directory cannot be made
   */
  async get(wanted: Wanted, making: () => void): Promise<string> {
    const path = join(this.directory, `${this.kind}-${wanted.hash.slice(0, 32)}`);
    if (touch(path)) return path;
    try {
      makeDirectory(this.directory);
      chmodSync(this.directory, 0o700);
      const lock = openSync(join(this.directory, `${this.kind}.lock`), 'a', 0o600);
      try {
        await this.takeLock(lock);
        // Somebody else may have made it meanwhile.
        if (!touch(path)) {
          making();
          await this.make(wanted, path);
          this.removeOld(path);
        }
      } finally {
        closeSync(lock);
      }
    } catch (error) {
      throw this.explained(error, wanted);
    }
    return path;
  }

  private async takeLock(lock: number): Promise<void> {
    const untilMs = performance.now() + lockPatienceMs;
    for (;;) {
      const result = tryFlock(lock);
      if (result === 0) return;
      if (result !== EAGAIN || performance.now() > untilMs)
        throw new GuestError(
          'GUEST_CACHE',
          `${this.directory}/${this.kind}.lock: ${result === EAGAIN ? 'another process has held it for five minutes' : `errno ${-result}`}`,
        );
      await delay(pollMs);
    }
  }

  private async make(wanted: Wanted, path: string): Promise<void> {
    this.removeTemporary();
    const { bavail, bsize } = statfsSync(this.directory);
    if (bavail * bsize < wanted.bytes) throw this.full(wanted.bytes);
    const temporary = join(this.directory, `.${this.kind}.new`);
    try {
      await wanted.make(temporary);
      writeThrough(temporary);
      renameSync(temporary, path);
    } finally {
      this.removeTemporary();
    }
  }

  private removeTemporary(): void {
    for (const name of readdirSync(this.directory))
      if (name.startsWith(`.${this.kind}.new`))
        rmSync(join(this.directory, name), { recursive: true, force: true });
  }

  private removeOld(made: string): void {
    const all = readdirSync(this.directory)
      .filter((name) => name.startsWith(`${this.kind}-`))
      .map((name) => join(this.directory, name))
      .map((path) => ({ path, usedMs: statSync(path).mtimeMs }))
      .sort((a, b) => b.usedMs - a.usedMs);
    for (const { path, usedMs } of all.slice(this.kept))
      if (path !== made && Date.now() - usedMs > inUseMs) rmSync(path, { force: true });
  }

  private full(bytes: number): GuestError {
    const mib = Math.ceil(bytes / (1 << 20));
    return new GuestError(
      'GUEST_CACHE',
      `${this.directory}: no space left: the ${this.kind} of a guest takes ${mib} MiB while it is made`,
    );
  }

  private explained(error: unknown, { bytes }: Wanted): unknown {
    const { code, message } = error as NodeJS.ErrnoException;
    if (isFullDisk(error) || /No space left|Disk quota exceeded/.test(message)) return this.full(bytes);
    if (error instanceof StuckfsError || code === undefined) return error;
    return new GuestError('GUEST_CACHE', `the cache of guests cannot be written: ${message}`, {
      cause: error,
    });
  }
}

/** So that a name that outlives a power cut has its bytes. */
function writeThrough(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** False when it is not there; else it counts as used now. */
function touch(path: string): boolean {
  if (!existsSync(path)) return false;
  const now = new Date();
  utimesSync(path, now, now);
  return true;
}
