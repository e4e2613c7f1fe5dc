/**
 * A kernel for tests that boot one: an unpacked kernel package (`dpkg-deb -x`; of a split package both halves), or an
 * entry of the kernel cache.  STUCKFS_TEST_KERNEL names its directory, or the vmlinuz in it.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { GuestKernel } from '../../src/vm/kernel.js';
import type { Requirement } from './requirement.js';

const variable = 'STUCKFS_TEST_KERNEL';

export const testKernel: Requirement = () =>
  findTestKernel() === undefined
    ? `${variable} names no unpacked kernel package: set it to the vmlinuz of one`
    : undefined;

export function findTestKernel(): GuestKernel | undefined {
  const named = process.env[variable] ?? '';
  if (named === '') return undefined;
  // Not as far as the root, where this machine's own kernel may lie.
  for (let directory = resolve(named); directory !== '/'; directory = dirname(directory)) {
    const kernel = kernelIn(directory);
    if (kernel !== undefined) return kernel;
  }
  return undefined;
}

function kernelIn(directory: string): GuestKernel | undefined {
  const modules = ['usr/lib/modules', 'lib/modules']
    .map((path) => join(directory, path))
    .flatMap((path) => (existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []))[0];
  if (modules === undefined) return undefined;
  const release = basename(modules);
  const first = (...paths: string[]) => paths.find((path) => existsSync(path));
  const places = [modules, directory, join(directory, 'boot')];
  const either = (name: string) =>
    first(...places.flatMap((place) => [join(place, name), join(place, `${name}-${release}`)]));
  const image = either('vmlinuz');
  if (image === undefined) return undefined;
  return { name: directory, release, image, modules, config: either('config'), source: { kind: 'path' } };
}
