/** Where QEMU is and which version it has. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { VmError } from '../vm-error.js';

export interface QemuProgram {
  readonly path: string;
  /** `7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)` */
  readonly version: string;
}

const name = 'qemu-system-x86_64';
const remedy = 'install qemu-system-x86 7.1 or later';
/** -action panic=exit-failure is that old. */
const least = [7, 1] as const;
const deadlineMs = 20_000;

/** @throws {VmError} VM_QEMU: it is not in PATH, does not run, or is too old */
export async function findQemu(path: string | undefined): Promise<QemuProgram> {
  for (const directory of (path ?? '').split(delimiter).filter((each) => each !== '')) {
    const candidate = join(directory, name);
    if (await mayExecute(candidate)) return { path: candidate, version: await versionOf(candidate) };
  }
  throw new VmError('VM_QEMU', `${name} is not in PATH: ${remedy}`, []);
}

async function versionOf(path: string): Promise<string> {
  let said: string;
  try {
    said = (await promisify(execFile)(path, ['--version'], { timeout: deadlineMs, cwd: '/' })).stdout;
  } catch (cause) {
    const { stderr } = cause as { stderr?: string };
    const tail = (stderr ?? '').split('\n').filter((line) => line !== '');
    throw new VmError('VM_QEMU', `${path} does not run: ${remedy}`, tail, { cause });
  }
  const [, version, major, minor] = /version ((\d+)\.(\d+).*)/.exec(said) ?? [];
  if (version === undefined) throw new VmError('VM_QEMU', `${path} does not tell its version: ${remedy}`, []);
  const [leastMajor, leastMinor] = least;
  if (Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor))
    throw new VmError('VM_QEMU', `${path} is ${version}, which is too old: ${remedy}`, []);
  return version.trim();
}

async function mayExecute(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
