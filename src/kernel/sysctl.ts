/**
 * /proc/sys: the value of a sysctl by its name.
 * Reads only; whoever changes a value saves it first (DESIGN.md section 4).  A name never leads out of /proc/sys.
 * Authority: Documentation/admin-guide/sysctl, sysctl(8) for the spelling of names.
 */
import { malformed, readKernelFile } from './kernel-file.js';

const directory = '/proc/sys';

/**
 * `vm.compact_memory` and `vm/compact_memory` both name /proc/sys/vm/compact_memory.
 * As in sysctl(8) the first separator decides: after a dot, slashes are dots of a component and the other way round.
 */
export function sysctlPath(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  const path =
    separator === '.' ? name.replace(/[./]/g, (character) => (character === '.' ? '/' : '.')) : name;
  const components = path.split('/');
  const isSafe = components.every(
    (component) => /^[a-z0-9_.-]+$/.test(component) && !/^\.+$/.test(component),
  );
  if (!isSafe) throw malformed(directory, undefined, 'a sysctl name of [a-z0-9_-] joined by dots', name);
  return `${directory}/${path}`;
}

/** The dotted name of a file under /proc/sys. */
export function sysctlName(path: string): string {
  if (!path.startsWith(`${directory}/`)) throw malformed(path, undefined, `a path under ${directory}`);
  const name = path
    .slice(directory.length + 1)
    .replace(/[./]/g, (character) => (character === '/' ? '.' : '/'));
  sysctlPath(name);
  return name;
}

/** The value as the kernel prints it, without the newline; several values stay separated by tabs. */
export function readSysctl(name: string, root = '/'): string {
  return readKernelFile(sysctlPath(name), root).trimEnd();
}
