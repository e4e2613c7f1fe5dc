/**
 * Takes a kernel out of its packages, without root: the image, its config and its modules with a fresh modules.dep.
 * Wherever a package has them (boot/, lib/modules/, since 6.19 usr/lib/modules/), an entry of the cache has them as
 *   vmlinuz, config, lib/modules/RELEASE/ (and usr/lib, a link to lib: depmod looks in one or the other).
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { reasonOf, runTool, type Tool, type ToolOptions } from '../tool.js';
import { ToolFailedError } from '../vm-failure.js';
import { HEADER_BYTES, type ImageHeader, parseImageHeader } from './bzimage.js';

export const dpkgDeb: Tool = { name: 'dpkg-deb', debianPackage: 'dpkg', neededFor: 'unpack kernel packages' };
export const depmod: Tool = {
  name: 'depmod',
  debianPackage: 'kmod',
  neededFor: 'find what modules depend on',
};

export type Unpacked =
  | {
      readonly kind: 'unpacked';
      readonly release: string;
      readonly hasModules: boolean;
      readonly hasConfig: boolean;
    }
  /** `why` completes "it …". */
  | { readonly kind: 'refused'; readonly why: string };

/** @throws {MissingToolError} before anything is fetched that could not be unpacked */
export async function unpackKernel(
  debs: readonly string[],
  entry: string,
  options: ToolOptions,
): Promise<Unpacked> {
  const raw = join(entry, 'unpacked');
  mkdirSync(raw);
  for (const deb of debs) {
    const end = await runTool(dpkgDeb, ['-x', deb, raw], { ...options, writesTo: raw });
    if (end.status !== 0) throw new ToolFailedError(`dpkg-deb -x ${deb}`, reasonOf(end.said));
  }
  const image = findImage(raw);
  if (image === undefined)
    return { kind: 'refused', why: 'holds no kernel image (boot/vmlinuz-* or usr/lib/modules/*/vmlinuz)' };
  const header = readImageHeader(image);
  if (header.kind === 'other') return { kind: 'refused', why: `holds ${header.is}` };
  const { release } = header;
  const trees = ['usr/lib/modules', 'lib/modules'].map((tree) => join(raw, tree));
  const others = trees.flatMap(entriesOf).filter((name) => name !== release);
  if (others.length > 0)
    return { kind: 'refused', why: `holds modules of ${others.join(', ')} for a kernel ${release}` };
  renameSync(image, join(entry, 'vmlinuz'));
  const config = [
    join(raw, 'boot', `config-${release}`),
    ...trees.map((tree) => join(tree, release, 'config')),
  ].find((file) => existsSync(file));
  if (config !== undefined) renameSync(config, join(entry, 'config'));
  mkdirSync(join(entry, 'lib', 'modules'), { recursive: true });
  mkdirSync(join(entry, 'usr'));
  symlinkSync('../lib', join(entry, 'usr', 'lib'));
  const tree = trees.map((path) => join(path, release)).find((path) => existsSync(join(path, 'kernel')));
  if (tree !== undefined) {
    renameSync(tree, join(entry, 'lib', 'modules', release));
    const end = await runTool(depmod, ['-b', entry, release], { ...options, writesTo: entry });
    if (end.status !== 0) throw new ToolFailedError(`depmod -b ${entry} ${release}`, reasonOf(end.said));
  }
  rmSync(raw, { recursive: true });
  return { kind: 'unpacked', release, hasModules: tree !== undefined, hasConfig: config !== undefined };
}

function findImage(raw: string): string | undefined {
  const boot = join(raw, 'boot');
  const inBoot = entriesOf(boot).filter((name) => /^(?:vmlinuz|bzImage)(?:-|$)/.test(name));
  const tree = join(raw, 'usr/lib/modules');
  const candidates = [
    ...inBoot.map((name) => join(boot, name)),
    ...entriesOf(tree).map((name) => join(tree, name, 'vmlinuz')),
  ];
  return candidates.find((file) => existsSync(file));
}

function entriesOf(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

export function readImageHeader(file: string): ImageHeader {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(file, 'r');
  try {
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got)
      got = readSync(fd, bytes, length, bytes.length - length, length);
    return parseImageHeader(bytes.subarray(0, length));
  } finally {
    closeSync(fd);
  }
}
