/**
 * /proc/PID/mountinfo, and questions about which mount a path lies on.
 * Everything here is lexical: no path is ever touched, because to touch a wedged mount is to hang.
 * Authority: fs/proc_namespace.c (show_mountinfo), proc_pid_mountinfo(5).
 */
import { linesOf, malformed, parseCount, readKernelFile } from './kernel-file.js';

export interface MountEntry {
  readonly mountId: number;
  readonly parentId: number;
  /** st_dev of the files on this mount. */
  readonly major: number;
  readonly minor: number;
  /** The directory of the filesystem that is the root of this mount. */
  readonly root: string;
  /** Relative to the process's root directory. */
  readonly mountPoint: string;
  readonly options: readonly string[];
  /** `shared:1`, `master:2`, … */
  readonly optionalFields: readonly string[];
  /** With its subtype: `fuse.stuckfs`. */
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** The kernel writes blank, tab, newline, backslash and # as three octal digits (mangle(), seq_file.c). */
function unmangle(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Splits on commas: a comma inside of a value cannot be told from one between options. */
function splitOptions(text: string): string[] {
  return text === '' ? [] : text.split(',').map(unmangle);
}

export function parseMountinfo(text: string, file = '/proc/self/mountinfo'): MountEntry[] {
  return linesOf(text).map((line, index) => parseEntry(line, file, index + 1));
}

function parseEntry(line: string, file: string, lineNumber: number): MountEntry {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [mountId, parentId, device, root, mountPoint, options] = fields;
  const [fsType, source, superOptions] = separator < 0 ? [] : fields.slice(separator + 1);
  if (
    root === undefined ||
    mountPoint === undefined ||
    options === undefined ||
    fsType === undefined ||
    source === undefined ||
    superOptions === undefined
  ) {
    throw malformed(file, lineNumber, 'six fields, optional ones, "-", type, source and options', line);
  }
  const [major, minor, ...rest] = (device ?? '').split(':');
  if (rest.length > 0) throw malformed(file, lineNumber, 'major:minor', device);
  return {
    mountId: parseCount(mountId, file, lineNumber, 'the mount id'),
    parentId: parseCount(parentId, file, lineNumber, 'the parent id'),
    major: parseCount(major, file, lineNumber, 'the major number of the device'),
    minor: parseCount(minor, file, lineNumber, 'the minor number of the device'),
    root: unmangle(root),
    mountPoint: unmangle(mountPoint),
    options: splitOptions(options),
    optionalFields: fields.slice(6, separator),
    fsType: unmangle(fsType),
    source: unmangle(source),
    superOptions: splitOptions(superOptions),
  };
}

/** The mounts of a process's mount namespace; `pid` is `self` unless given. */
export function readMountinfo(root = '/', pid: number | 'self' = 'self'): MountEntry[] {
  const file = `/proc/${pid}/mountinfo`;
  return parseMountinfo(readKernelFile(file, root), file);
}

/**
 * The mount that a walk to `path` (absolute, without symlinks or dots) ends on: mounts are stacked and
 * shadowed as the kernel does it, so a mount below a directory that was mounted over later is not found.
 */
export function mountContaining(entries: readonly MountEntry[], path: string): MountEntry | undefined {
  const known = new Set(entries.map((entry) => entry.mountId));
  let current: MountEntry | undefined;
  for (const prefix of prefixesOf(path)) {
    // Several mounts may be stacked on one directory, each the parent of the next.
    for (;;) {
      const onTop = entries.find((entry) => entry.mountPoint === prefix && isChild(entry, current, known));
      if (onTop === undefined) break;
      current = onTop;
    }
  }
  return current;
}

function isChild(entry: MountEntry, parent: MountEntry | undefined, known: ReadonlySet<number>): boolean {
  if (parent !== undefined) return entry.parentId === parent.mountId && entry.mountId !== parent.mountId;
  // The first mount on the way has its parent outside of what this process can see, or is its own.
  return entry.parentId === entry.mountId || !known.has(entry.parentId);
}

function prefixesOf(path: string): string[] {
  const prefixes = ['/'];
  let prefix = '';
  for (const name of path.split('/')) {
    if (name === '') continue;
    prefix += `/${name}`;
    prefixes.push(prefix);
  }
  return prefixes;
}

/** The topmost mount whose mount point is exactly `path`, as a walk to it would find it. */
export function findMount(entries: readonly MountEntry[], path: string): MountEntry | undefined {
  const mount = mountContaining(entries, path);
  return mount?.mountPoint === (prefixesOf(path).at(-1) ?? '/') ? mount : undefined;
}

/** The mounts with a mount point strictly below `path`, the shadowed ones too, in the order of the file. */
export function mountsBelow(entries: readonly MountEntry[], path: string): MountEntry[] {
  const directory = prefixesOf(path).at(-1) ?? '/';
  const start = directory === '/' ? '/' : `${directory}/`;
  return entries.filter((entry) => entry.mountPoint !== '/' && entry.mountPoint.startsWith(start));
}
