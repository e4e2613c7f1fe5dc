/**
 * The initramfs of a guest: busybox, its init, and the modules of the kernel that is to boot, decompressed.  Those that
 * are loaded at boot are named in order; all of them move on to the root image's /lib/modules.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { GuestKernel } from '../kernel.js';
import { type CpioEntry, cpioArchive } from './cpio.js';
import { chooseModules, type GuestModules } from './guest-modules.js';
import { initramfsInit, neededApplets } from './init.js';
import { readModule, readModuleLists } from './module-files.js';
import { type ModuleLists, textsFor } from './module-lists.js';

/** Changes when what is made of the same inputs does. */
const format = 1;
/** Of the archive. */
const mostBytes = 32 << 20;
/** It is read once, and made often: quick before small. */
const gzipLevel = 1;

export interface Initramfs {
  readonly hash: string;
  readonly bytes: number;
  content(): Buffer;
}

/** @throws {GuestError} when the kernel lacks what every guest needs, or its modules cannot be read */
export function planInitramfs(kernel: GuestKernel, busybox: string): Initramfs {
  const { modules: directory, release } = kernel;
  const config = kernel.config === undefined ? undefined : readFileSync(kernel.config, 'utf8');
  const lists = directory === undefined ? undefined : readModuleLists(directory, release);
  const chosen = chooseModules(kernel.name, lists, config);
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([format, process.arch, release, initramfsInit, neededApplets, identity(busybox)]),
  );
  for (const module of chosen.all)
    hash.update(JSON.stringify([module, identity(join(directory ?? '', module.path))]));
  hash.update(JSON.stringify(chosen.atBoot.map(({ name }) => name)));
  return {
    hash: hash.digest('hex'),
    bytes: mostBytes,
    content: () => gzipSync(cpioArchive(entries(kernel, busybox, chosen, lists)), { level: gzipLevel }),
  };
}

function identity(file: string): unknown {
  const { size, mtimeMs } = statSync(file);
  return [file, size, mtimeMs];
}

function entries(
  { modules: directory, release }: GuestKernel,
  busybox: string,
  { atBoot, all }: GuestModules,
  lists: ModuleLists | undefined,
): CpioEntry[] {
  const plain = (path: string) => path.replace(/\.ko\.\w+$/, '.ko');
  const files: { path: string; bytes: Uint8Array; mode?: number }[] = [
    { path: 'init', bytes: Buffer.from(initramfsInit), mode: 0o755 },
    { path: 'bin/busybox', bytes: readFileSync(busybox), mode: 0o755 },
    { path: 'boot-modules', bytes: Buffer.from(atBoot.map(({ path }) => `${plain(path)}\n`).join('')) },
  ];
  if (directory !== undefined && lists !== undefined) {
    const { dep, alias } = textsFor(all, lists);
    const builtin = [...lists.builtin].map((name) => `kernel/${name}.ko\n`).join('');
    for (const [name, text] of Object.entries({ dep, alias, builtin, softdep: '', symbols: '' }))
      files.push({ path: `modules/modules.${name}`, bytes: Buffer.from(text) });
    for (const module of all)
      files.push({ path: `modules/${plain(module.path)}`, bytes: readModule(directory, module, release) });
  }
  const directories = new Set(['proc', 'sys', 'dev', 'new', 'modules']);
  for (const { path } of files)
    for (let at = dirname(path); at !== '.'; at = dirname(at)) directories.add(at);
  return [
    ...[...directories].sort().map((path): CpioEntry => ({ kind: 'directory', path })),
    // The kernel opens it for init before anything is mounted.
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
    ...neededApplets.map((name): CpioEntry => ({ kind: 'link', path: `bin/${name}`, target: 'busybox' })),
    ...files.map((file): CpioEntry => ({ kind: 'file', ...file })),
  ];
}
