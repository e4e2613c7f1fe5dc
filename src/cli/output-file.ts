/** Files that the user named for output; refuses a stuckfs mount, where writing may never end. */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoName } from '../base/errno.js';
import { UsageError } from '../base/errors.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { resolveOutsideMounts } from '../kernel/path-resolution.js';
import { isOurMount } from '../safety/stuck-mounts.js';

/** A file that can be written, opened before the work whose result it is for. */
export class OutputFile {
  private constructor(
    private readonly field: string,
    private readonly given: string,
    private readonly path: string,
    private readonly isNew: boolean,
    private readonly fd: number,
  ) {}

  /**
   * What is in the file stays there until something is written.
   * @param field the option that names the file
   * @throws {UsageError} when it cannot be written
   */
  static open(field: string, given: string): OutputFile {
    if (given === '') throw new UsageError(field, given, 'names no file');
    const path = safePath(field, given);
    const isNew = !existsSync(path);
    try {
      return new OutputFile(field, given, path, isNew, openSync(path, 'a'));
    } catch (error) {
      throw cannotBeWritten(field, given, error);
    }
  }

  /** Two options may name one file by different words. */
  isSameAs(other: OutputFile): boolean {
    const [a, b] = [fstatSync(this.fd), fstatSync(other.fd)];
    return a.isFile() && a.dev === b.dev && a.ino === b.ino;
  }

  /**
   * Replaces what was there, and closes.
   * @throws {UsageError} when it cannot be written after all; nothing half-written is left where nothing was
   */
  write(text: string): void {
    try {
      if (fstatSync(this.fd).isFile()) ftruncateSync(this.fd);
      writeFileSync(this.fd, text);
    } catch (error) {
      this.discard();
      throw cannotBeWritten(this.field, this.given, error);
    }
    closeSync(this.fd);
  }

  /** Of one that is not needed after all. */
  discard(): void {
    closeSync(this.fd);
    if (this.isNew) rmSync(this.path, { force: true });
  }
}

/** @throws {UsageError} as OutputFile does */
export function writeOutputFile(field: string, given: string, text: string): void {
  OutputFile.open(field, given).write(text);
}

function cannotBeWritten(field: string, given: string, error: unknown): UsageError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new UsageError(field, given, `cannot be written: ${code ?? message}`, { cause: error });
}

/** Never touches a stuckfs mount, not even to see what is there. */
function safePath(field: string, given: string): string {
  const entries = readMountinfo();
  const there = resolveOutsideMounts(given, entries, isOurMount);
  const found = there.kind === 'failed' ? resolveOutsideMounts(dirname(given), entries, isOurMount) : there;
  if (found.kind === 'forbidden') {
    const where = found.mount.mountPoint;
    throw new UsageError(field, given, `lies on the stuckfs mount ${where}; name a file outside of it`);
  }
  if (found.kind === 'failed')
    throw new UsageError(field, given, `cannot be written: ${found.at}: ${errnoName(found.errno)}`);
  return found === there ? found.path : join(found.path, basename(given));
}
