/**
 * A kernel for tests that boot one: an unpacked kernel package, in the directory that STUCKFS_TEST_KERNEL names
 * (`dpkg-deb -x`; of a split package both halves).
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestKernel } from '../../src/vm/kernel.js';
import type { Requirement } from './requirement.js';

const variable = 'STUCKFS_TEST_KERNEL';

export const testKernel: Requirement = () =>
  findTestKernel() === undefined
    ? `${variable} names no unpacked kernel package: set it to the directory of one`
    : undefined;

export function findTestKernel(): GuestKernel | undefined {
  const directory = process.env[variable] ?? '';
  const modules = ['usr/lib/modules', 'lib/modules']
    .map((path) => join(directory, path))
    .flatMap((path) => (existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []))[0];
  if (directory === '' || modules === undefined) return undefined;
  const release = modules.slice(modules.lastIndexOf('/') + 1);
  const first = (...paths: string[]) => paths.find((path) => existsSync(path));
  const image = first(join(directory, 'boot', `vmlinuz-${release}`), join(modules, 'vmlinuz'));
  const config = first(join(directory, 'boot', `config-${release}`), join(modules, 'config'));
  return image === undefined
    ? undefined
    : { name: directory, release, image, modules, config, source: { kind: 'path' } };
}
