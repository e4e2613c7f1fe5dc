/** Writes a file that the user named; refuses a stuckfs mount, where writing may never end. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoName } from '../base/errno.js';
import { UsageError } from '../base/errors.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { resolveOutsideMounts } from '../kernel/path-resolution.js';
import { isOurMount } from '../safety/stuck-mounts.js';

/**
 * @param field the option that names the file
 * @throws {UsageError} when it cannot be written; nothing half-written is left where nothing was
 */
export function writeOutputFile(field: string, given: string, text: string): void {
  if (given === '') throw new UsageError(field, given, 'names no file');
  const path = safePath(field, given);
  const isNew = !existsSync(path);
  try {
    writeFileSync(path, text);
  } catch (error) {
    if (isNew && existsSync(path)) rmSync(path);
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(field, given, `cannot be written: ${code ?? message}`, { cause: error });
  }
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
