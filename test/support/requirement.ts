/**
 * What a test needs of the machine, as options of node:test: `test('…', requires(root, devFuse), async () => …)`.
 * A machine that lacks it skips the test with the exact thing that is missing and its remedy.
 * A probe only looks; it must not mount, write or load anything.
 */
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { StuckfsError } from '../../src/base/errors.js';
import { checkLibfuse } from '../../src/kernel/requirements/programs.js';

/** Says what is missing and what would mend it; undefined when it is there. */
export type Requirement = () => string | undefined;

/** Options of node:test: empty when all is there, else `skip` with everything that is missing. */
export function requires(...requirements: readonly Requirement[]): { readonly skip?: string } {
  const missing = requirements.map((probe) => probe()).filter((reason) => reason !== undefined);
  return missing.length === 0 ? {} : { skip: missing.join('; ') };
}

/** Bit of include/uapi/linux/capability.h. */
const CAP_SYS_ADMIN = 21n;

/** Root with CAP_SYS_ADMIN: root of a container without it can neither mount nor trace. */
export const root: Requirement = () =>
  missingRoot(process.geteuid?.() ?? -1, readFileSync('/proc/self/status', 'utf8'));

/** /dev/fuse can be opened for reading and writing. */
export const devFuse: Requirement = () => missingDevFuse('/dev/fuse');

/** fuse-native with its libfuse 2.9, for --transport libfuse. */
export const libfuse: Requirement = () => {
  const finding = checkLibfuse();
  return finding.state === 'ok' ? undefined : `${finding.found}: ${finding.remedy}`;
};

/** A program in PATH, and the Debian package that brings it; scripts/setup installs those of this project. */
export function command(name: string, debianPackage: string): Requirement {
  return () => missingCommand(name, debianPackage, process.env['PATH'] ?? '');
}

/** A file of the kernel, say /proc/kpageflags, and what brings it, say `CONFIG_PROC_PAGE_MONITOR=y`. */
export function kernelFile(path: string, broughtBy: string): Requirement {
  return () => (existsSync(path) ? undefined : `${path} is missing: the kernel needs ${broughtBy}`);
}

/** `status`: the text of /proc/PID/status. */
export function missingRoot(effectiveUid: number, status: string): string | undefined {
  if (effectiveUid !== 0) return `root is missing (effective uid ${effectiveUid}): run it with sudo`;
  const capEff = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (capEff === undefined) throw new MalformedStatusError(status);
  if ((BigInt(`0x${capEff}`) >> CAP_SYS_ADMIN) & 1n) return undefined;
  return 'CAP_SYS_ADMIN is missing though this is root: start the container with --cap-add SYS_ADMIN or --privileged';
}

export function missingDevFuse(path: string): string | undefined {
  try {
    closeSync(openSync(path, constants.O_RDWR));
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT')
      return `${path} is missing: run modprobe fuse, or start the container with --device /dev/fuse`;
    if (code === 'EPERM' || code === 'EACCES')
      return `${path} may not be opened (${code}): start the container with --device /dev/fuse`;
    return `${path} cannot be opened (${code}): run modprobe fuse`;
  }
}

export function missingCommand(name: string, debianPackage: string, path: string): string | undefined {
  const found = path
    .split(delimiter)
    .filter((dir) => dir !== '')
    .some((dir) => mayExecute(join(dir, name)));
  return found ? undefined : `${name} is missing: run apt-get install ${debianPackage}`;
}

function mayExecute(path: string): boolean {
  return allows(path, constants.X_OK);
}

function allows(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

class MalformedStatusError extends StuckfsError {
  override readonly code = 'MALFORMED_STATUS';

  constructor(readonly status: string) {
    super('no CapEff line in /proc/self/status');
  }
}
