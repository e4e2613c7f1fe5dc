/**
 * The directory of a matrix: `matrix-plan.json`, for each kernel a directory, in it for each boot its run directory
 * BOOT and, once it has ended, BOOT.end.json (BOOT.guest.log where it gave no result). Files get their names when they
 * are whole, so a SIGKILL at any moment leaves nothing half-made that is taken for a result.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Errno } from '../base/errno.js';
import { UsageError } from '../base/errors.js';
import { makeWithParents } from '../base/make-with-parents.js';
import { tryFlock } from '../syscall/flock.js';
import { elsewhere, isFullDisk, NoSpaceError } from '../vm/vm-failure.js';
import { type BootEnd, BootEndSpec } from './boot-end.js';
import { type MatrixPlan, type PlannedBoot, type PlannedKernel, parseMatrixPlan } from './matrix-plan.js';
import { cellsTold, piecesAfter } from './pieces.js';

const planFile = 'matrix-plan.json';

type Of = Pick<PlannedKernel, 'label'>;

/** A boot with the cells that nothing but it tells of, and how it ended. */
export interface BootState {
  readonly kernel: PlannedKernel;
  readonly boot: PlannedBoot;
  /** undefined: it was not played to its end. */
  readonly end: BootEnd | undefined;
}

export class MatrixDirectory {
  private constructor(
    readonly path: string,
    readonly plan: MatrixPlan,
  ) {}

  /**
   * Makes a new one.
   * @throws {UsageError} when it exists already, or cannot be made
   */
  static create(path: string, plan: MatrixPlan): MatrixDirectory {
    if (existsSync(path))
      throw new UsageError(
        '--out',
        path,
        existsSync(join(path, planFile))
          ? 'is the directory of a matrix already: give --resume to go on with it'
          : 'exists already: name a directory that does not',
      );
    try {
      makeWithParents(path);
      writeWhole(join(path, planFile), `${JSON.stringify(plan, undefined, 2)}\n`);
    } catch (error) {
      throw new UsageError('--out', path, `cannot be made: ${(error as Error).message}`, { cause: error });
    }
    return new MatrixDirectory(path, plan);
  }

  /** @throws {UsageError} when there is none */
  static open(field: string, path: string): MatrixDirectory {
    const file = join(path, planFile);
    if (!existsSync(file))
      throw new UsageError(field, path, `holds no ${planFile}: give the directory of a matrix`);
    return new MatrixDirectory(path, parseMatrixPlan(readFileSync(file, 'utf8'), file));
  }

  /**
   * Keeps another stuckfs from playing it, until this process ends or lets go.
   * @throws {UsageError} while one does
   */
  lock(): () => void {
    const fd = this.#openForLock();
    const result = tryFlock(fd);
    if (result === 0) return () => closeSync(fd);
    closeSync(fd);
    const why =
      result === -Errno.EAGAIN ? 'is being played by another stuckfs' : `cannot be locked: errno ${-result}`;
    throw new UsageError('--resume', this.path, why);
  }

  /** For writing, too: NFS gives no exclusive lock otherwise. */
  #openForLock(): number {
    try {
      return openSync(join(this.path, planFile), 'r+');
    } catch (error) {
      const why = `cannot be written: ${(error as Error).message}`;
      throw new UsageError('--resume', this.path, why, { cause: error });
    }
  }

  runDirectory({ label }: Of, { name }: PlannedBoot): string {
    return join(this.path, label, name);
  }

  /** Makes room for a boot that is played: what an earlier try has left is of no use. */
  clear(kernel: Of, boot: PlannedBoot): void {
    const directory = join(this.path, kernel.label);
    mkdirSync(directory, { recursive: true });
    for (const name of readdirSync(directory))
      if (
        name === boot.name ||
        name === endFile(boot) ||
        name === logFile(boot) ||
        name.startsWith(`${boot.name}.part-`)
      )
        rmSync(join(directory, name), { recursive: true });
  }

  /** What the guest of a boot has said that gave no result. */
  writeLog(kernel: Of, boot: PlannedBoot, text: string): void {
    writeWhole(join(this.path, kernel.label, logFile(boot)), text);
  }

  writeEnd(kernel: Of, boot: PlannedBoot, end: BootEnd): void {
    writeWhole(join(this.path, kernel.label, endFile(boot)), `${JSON.stringify(end, undefined, 2)}\n`);
  }

  /** What cannot be read has not ended. */
  readEnd(kernel: Of, boot: PlannedBoot): BootEnd | undefined {
    const path = join(this.path, kernel.label, endFile(boot));
    if (!existsSync(path)) return undefined;
    try {
      const { data } = BootEndSpec.safeParse(JSON.parse(readFileSync(path, 'utf8')));
      return data?.plan === this.plan.id ? data : undefined;
    } catch {
      return undefined;
    }
  }

  /** What has become of a boot, and of the pieces that are played again. */
  statesOf(kernel: PlannedKernel, boot: PlannedBoot): BootState[] {
    const end = this.readEnd(kernel, boot);
    const pieces = piecesAfter(boot, end?.end).flatMap((piece) => this.statesOf(kernel, piece));
    if (pieces.length > 0 && end?.end.kind === 'failed') return pieces;
    const told = cellsTold(boot, end?.end);
    return told.length === 0 ? pieces : [{ kernel, boot: { ...boot, cells: told }, end }, ...pieces];
  }

  write(name: string, text: string): void {
    writeWhole(join(this.path, name), text);
  }
}

function endFile({ name }: PlannedBoot): string {
  return `${name}.end.json`;
}

function logFile({ name }: PlannedBoot): string {
  return `${name}.guest.log`;
}

/**
 * Under another name first.
 * @throws {NoSpaceError}
 */
function writeWhole(path: string, text: string): void {
  try {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  } catch (error) {
    rmSync(`${path}.new`, { force: true });
    throw isFullDisk(error) ? new NoSpaceError(path, undefined, { cause: error, remedy: elsewhere }) : error;
  }
}
