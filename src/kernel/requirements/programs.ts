/**
 * Requirements of other programs and libraries: looked for, never run.
 */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { type MountEntry, mountContaining, readMountinfo } from '../mountinfo.js';
import { type Finding, missing, ok, type Requirement } from './requirement.js';

/** A directory that user space serves may be wedged. */
function isServed({ fsType }: MountEntry): boolean {
  return fsType === 'fuse' || fsType.startsWith('fuse.');
}

/** @param path as in the environment; relative directories and those on FUSE mounts are left out */
export function findProgram(name: string, path: string, entries: readonly MountEntry[]): string | undefined {
  return path
    .split(delimiter)
    .filter((directory) => directory.startsWith('/'))
    .filter((directory) => {
      const mount = mountContaining(entries, directory);
      return mount === undefined || mount.mountPoint === '/' || !isServed(mount);
    })
    .map((directory) => join(directory, name))
    .find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function program(name: string, debianPackage: string): Requirement {
  return {
    requirement: name,
    neededFor: ['tests'],
    optional: true,
    check: (): Finding => {
      const file = findProgram(name, process.env['PATH'] ?? '', readMountinfo());
      return file === undefined ? missing('not in PATH', `apt-get install ${debianPackage}`) : ok(file);
    },
  };
}

function findLibrary(name: string): string | undefined {
  const roots = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/lib'];
  const directories = roots.flatMap((root) => [root, ...subdirectories(root)]);
  return directories.map((directory) => join(directory, name)).find((file) => isThere(file));
}

/** The directories of the architectures, such as /usr/lib/x86_64-linux-gnu. */
function subdirectories(root: string): string[] {
  try {
    return readdirSync(root)
      .filter((name) => name.includes('-linux-'))
      .map((name) => join(root, name));
  } catch {
    return [];
  }
}

function isThere(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** fuse-native, an optional dependency, and a libfuse.so.2 for it: the system's, or the one that it brings. */
export function checkLibfuse(platform = `${process.platform}-${process.arch}`): Finding {
  let directory: string;
  try {
    directory = dirname(createRequire(import.meta.url).resolve('fuse-native/package.json'));
  } catch {
    return missing('fuse-native is not installed', 'npm install fuse-native@2.2.6');
  }
  const brought = join(directory, 'prebuilds', platform);
  if (!isThere(join(brought, 'node.napi.node')) && !isThere(join(directory, 'build/Release/fuse.node'))) {
    return missing(`fuse-native has no binary for ${platform}`, 'use --transport dev-fuse');
  }
  const library = findLibrary('libfuse.so.2') ?? [join(brought, 'libfuse.so')].find(isThere);
  return library === undefined
    ? missing('no libfuse.so.2', 'apt-get install libfuse2 (libfuse2t64 on later systems)')
    : ok(`fuse-native with ${library}`);
}

export const programRequirements: readonly Requirement[] = [
  program('fusermount3', 'fuse3'),
  program('fio', 'fio'),
  program('git', 'git'),
  program('curl', 'curl'),
  program('python3', 'python3'),
  { requirement: 'libfuse', neededFor: ['libfuse'], check: () => checkLibfuse() },
];
