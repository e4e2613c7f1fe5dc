/**
 * A new directory with those above it.  Not mkdir's own recursion: it never ends, and no signal ends it, where mkdir(2)
 * says ENOENT below a directory that is there, as in /proc.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * @returns what was made, the topmost first
 * @throws what mkdir(2) says, EEXIST too; then what had been made stays
 */
export function makeWithParents(path: string): readonly string[] {
  const parent = dirname(path);
  const above = parent === path || existsSync(parent) ? [] : makeWithParents(parent);
  mkdirSync(path);
  return [...above, path];
}
