/**
 * Paths of inodes for display and for glob matching.  Directories' paths are cached, files' are put together
 * on the spot; a renamed directory empties the cache, which is bounded, because a client can nest at will.
 */
import type { Inode } from './inode.js';

/** A Map slot and a string header. */
const SLOT_BYTES = 96;
const MAX_CACHED_BYTES = 4 * 2 ** 20;
/** Flattened, the paths of a deep chain cost the square of its depth: longer ones are built anew each time. */
const MAX_CACHED_PATH_BYTES = 4096;

export class PathCache {
  readonly #paths = new Map<Inode, string>();
  #cachedBytes = 0;

  constructor(readonly root: Inode) {}

  /** Call when a directory moves or goes; files are not cached. */
  invalidate(inode: Inode): void {
    if (inode.isDirectory) this.#clear();
  }

  pathOf(inode: Inode): string | undefined {
    if (inode === this.root) return '/';
    const entry = inode.entry;
    if (entry === undefined) return undefined;
    const parent = this.#directoryPrefix(entry.parent);
    return parent === undefined ? undefined : parent + entry.name;
  }

  /** The path of a directory with a slash at its end. */
  #directoryPrefix(directory: Inode): string | undefined {
    const names: string[] = [];
    let at = directory;
    let prefix = '/';
    while (at !== this.root) {
      const cached = this.#paths.get(at);
      if (cached !== undefined) {
        prefix = cached;
        break;
      }
      if (at.entry === undefined) return undefined;
      names.push(at.entry.name);
      at = at.entry.parent;
    }
    if (names.length === 0) return prefix;
    const path = `${prefix}${names.reverse().join('/')}/`;
    if (path.length <= MAX_CACHED_PATH_BYTES) {
      if (this.#cachedBytes > MAX_CACHED_BYTES) this.#clear();
      this.#paths.set(directory, path);
      this.#cachedBytes += SLOT_BYTES + path.length;
    }
    return path;
  }

  #clear(): void {
    this.#paths.clear();
    this.#cachedBytes = 0;
  }
}
