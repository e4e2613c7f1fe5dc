/**
 * The modules of a kernel as files: what depmod(8) says of them, and their bytes, decompressed.  Writes nothing where
 * they lie: where no modules.dep is, depmod only prints what it would write.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { elfFacts } from './elf.js';
import { GuestError } from './guest-error.js';
import { type Module, type ModuleLists, parseModuleLists } from './module-lists.js';

const mostListBytes = 256 << 20;

/** @throws {GuestError} when there are none, or depmod is missing where it is needed */
export function readModuleLists(directory: string, release: string): ModuleLists {
  const text = (name: string) => {
    const file = join(directory, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  const builtin = text('modules.builtin');
  const isListed = ['modules.dep', 'modules.alias', 'modules.softdep'].every((name) =>
    existsSync(join(directory, name)),
  );
  const printed = isListed ? '' : depmod(directory, release);
  // All files one after the other: of those that say `alias`, modules.symbols is not asked for.
  const lists = isListed
    ? parseModuleLists({
        builtin,
        dep: text('modules.dep'),
        alias: text('modules.alias'),
        softdep: text('modules.softdep'),
      })
    : parseModuleLists({
        builtin,
        dep: linesOf(printed, /^[^\s:]+\.ko(\.\w+)?:/),
        alias: linesOf(printed, /^alias (?!symbol:)/),
        softdep: linesOf(printed, /^softdep /),
      });
  if (lists.modules.size === 0)
    throw new GuestError(
      'GUEST_INPUT',
      `${directory}: holds no modules; give the directory of release ${release}`,
    );
  return lists;
}

function linesOf(text: string, pattern: RegExp): string {
  return text
    .split('\n')
    .filter((line) => pattern.test(line))
    .join('\n');
}

function depmod(directory: string, release: string): string {
  const base = mkdtempSync(join(tmpdir(), 'stuckfs-depmod-'));
  try {
    mkdirSync(join(base, 'lib/modules'), { recursive: true });
    symlinkSync(resolve(directory), join(base, 'lib/modules', release));
    return run('depmod', ['-n', '-b', base, release], 'kmod').toString();
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

/**
 * @param kernel as `uname -r` says
 * @throws {GuestError} for one that cannot be decompressed, of another architecture, or of another kernel
 */
export function readModule(directory: string, { path }: Module, kernel: string): Buffer {
  const file = join(directory, path);
  const bytes = decompressed(file);
  const machine = elfFacts(bytes)?.machine;
  if (machine !== process.arch)
    throw new GuestError(
      'GUEST_INPUT',
      `${file}: is for ${machine ?? 'no machine'}, not for ${process.arch}`,
    );
  const vermagic = vermagicOf(bytes);
  if (vermagic !== undefined && vermagic.split(' ')[0] !== kernel)
    throw new GuestError(
      'GUEST_INPUT',
      `${file}: is of kernel ${vermagic.split(' ')[0]}, and ${kernel} is to boot`,
    );
  return bytes;
}

/** Of the .modinfo section: `vermagic=6.18.15 SMP preempt mod_unload`. */
function vermagicOf(bytes: Buffer): string | undefined {
  const key = 'vermagic=';
  const at = bytes.indexOf(`\0${key}`);
  const start = at === -1 ? undefined : at + 1 + key.length;
  return start === undefined ? undefined : bytes.toString('latin1', start, bytes.indexOf(0, start));
}

function decompressed(file: string): Buffer {
  if (file.endsWith('.xz')) return run('xz', ['-dc', '--', file], 'xz-utils');
  if (file.endsWith('.zst')) return run('zstd', ['-qdc', '--', file], 'zstd');
  const bytes = readFileSync(file);
  return file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

function run(program: string, words: readonly string[], debianPackage: string): Buffer {
  // Tools of the administrator are not in everybody's PATH.
  const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const { error, status, stdout, stderr } = spawnSync(program, words, {
    env: { ...process.env, PATH },
    maxBuffer: mostListBytes,
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
    throw new GuestError('GUEST_PROGRAM', `${program} is missing: run apt-get install ${debianPackage}`);
  if (error !== undefined || status !== 0)
    throw new GuestError(
      'GUEST_INPUT',
      `${program} ${words.join(' ')}: ${error?.message ?? stderr.toString().trim()}`,
    );
  return stdout;
}
