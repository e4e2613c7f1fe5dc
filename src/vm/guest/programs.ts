/**
 * Programs of this system and the libraries that they are linked with, to be taken into a guest.
 * Authority: ldd(1), which runs the system's own loader.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type ElfFacts, elfFacts } from './elf.js';

/** Where tools lie that are not in everybody's PATH. */
const systemDirectories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const headBytes = 4096;

/** @param path as in the environment; relative directories are left out */
export function findTool(name: string, path: string): string | undefined {
  return [...path.split(delimiter).filter((one) => one.startsWith('/')), ...systemDirectories]
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

export function elfFactsOf(file: string): ElfFacts | undefined {
  const head = Buffer.alloc(headBytes);
  const fd = openSync(file, 'r');
  try {
    return elfFacts(head.subarray(0, readSync(fd, head)));
  } finally {
    closeSync(fd);
  }
}

/** The libraries of these files, with the loader; those that are not found are left out. */
export function librariesOf(files: readonly string[]): string[] {
  const { stdout } = spawnSync('ldd', [...files], { env: { ...process.env, LC_ALL: 'C' }, encoding: 'utf8' });
  return parseLdd(stdout ?? '');
}

export function parseLdd(text: string): string[] {
  const found = text
    .split('\n')
    .map((line) => /^\s+(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1])
    .filter((path) => path !== undefined);
  return [...new Set(found)].sort();
}
