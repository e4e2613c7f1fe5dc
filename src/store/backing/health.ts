/**
 * Whether the backing directory is still there.  One that was removed, whose filesystem was unmounted, or that turned
 * read-only answers EIO, and what happened is recorded, once.  Looks at descriptors only, never at a path: what lies
 * there by now may hang.
 */
import { errnoName } from '../../base/errno.js';
import { pathOfDescriptor } from '../../syscall/names-at.js';
import { fstatvfs, statx } from '../../syscall/statx.js';
import { type Failure, fail, isFailure, type Result } from '../failure.js';

/** How old what is known of the directory may be. */
const CHECK_INTERVAL_MS = 100;

/** What a filesystem says whose disk, server or connection is gone. */
const lost = [fail('EIO'), fail('ENODEV'), fail('ENOTCONN'), fail('ESHUTDOWN'), fail('EREMOTEIO')];

export interface HealthOptions {
  readonly rootFd: number;
  /** As the user knows it. */
  readonly directory: string;
  /** Whether a mount with this id is in mountinfo. */
  readonly isMounted: (mountId: number) => boolean;
  /** Told once for each thing that happens. */
  readonly report: (failure: string) => void;
  readonly nowMs: () => number;
}

export class Health {
  #failure: string | undefined;
  readonly #reported = new Set<string>();
  #isGone = false;
  #path: string;
  #checkedMs: number;
  readonly #wasReadOnly: boolean;

  constructor(private readonly options: HealthOptions) {
    const path = pathOfDescriptor(options.rootFd);
    this.#path = typeof path === 'string' ? path : options.directory;
    const status = fstatvfs(options.rootFd);
    this.#wasReadOnly = typeof status !== 'number' && status.isReadOnly;
    this.#checkedMs = options.nowMs();
  }

  /** What went wrong last. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** EIO when the directory has vanished. */
  refusal(): Failure | undefined {
    if (!this.#isGone && this.options.nowMs() - this.#checkedMs >= CHECK_INTERVAL_MS) this.#check();
    return this.#isGone ? fail('EIO') : undefined;
  }

  /** The result of an operation as it is to be answered. */
  judge<T>(result: Result<T>): Result<T> {
    if (!isFailure(result)) return result;
    if (result === fail('EROFS') && !this.#wasReadOnly) {
      this.#record('turned read-only');
      return fail('EIO');
    }
    if (result === fail('ENOENT') || result === fail('ESTALE')) {
      this.#check();
      if (this.#isGone) return fail('EIO');
    }
    if (!lost.includes(result)) return result;
    this.#record(`answered ${errnoName(-result)}`);
    return fail('EIO');
  }

  /** Whether an open directory lies below the backing directory, now: somebody may have moved it out. */
  isBeneath(fd: number): boolean | 'too deep' {
    const path = pathOfDescriptor(fd);
    if (typeof path === 'number') return path === fail('ENAMETOOLONG') ? 'too deep' : false;
    if (this.#contains(path)) return true;
    this.#check();
    return this.#contains(path);
  }

  #contains(path: string): boolean {
    return path.startsWith(this.#path === '/' ? '/' : `${this.#path}/`);
  }

  #check(): void {
    this.#checkedMs = this.options.nowMs();
    const { rootFd, isMounted } = this.options;
    const path = pathOfDescriptor(rootFd);
    if (path === this.#path) return;
    const stat = statx(rootFd);
    if (typeof stat === 'number') this.#vanish(`answered ${errnoName(-stat)}`);
    else if (stat.nlink === 0) this.#vanish('was removed');
    else if (stat.mountId !== undefined && !isMounted(stat.mountId)) this.#vanish('was unmounted');
    // Moved: it is the same directory.
    else if (typeof path === 'string') this.#path = path;
  }

  #vanish(what: string): void {
    this.#isGone = true;
    this.#record(what);
  }

  #record(what: string): void {
    const failure = `the backing directory ${this.options.directory} ${what}`;
    this.#failure = failure;
    if (this.#reported.has(failure)) return;
    this.#reported.add(failure);
    this.options.report(failure);
  }
}
