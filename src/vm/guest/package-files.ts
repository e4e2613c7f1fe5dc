/**
 * The files of this package that run: what is built, without tests, and the packages that it depends on.  Dependencies
 * are looked for as Node does, so that it works in a checkout and where the package is installed; binaries for other
 * platforms, types and source maps stay behind.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GuestError } from './guest-error.js';
import { elfFactsOf } from './programs.js';

export interface PackageFile {
  /** Below the package's directory in the guest. */
  readonly path: string;
  readonly source: string;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const isBinary = /\.(node|so(\.\d+)*|dylib|dll|exe)$/;
const isLeftBehind = /\.(d\.[cm]?ts|[cm]?ts|map|md|markdown|tsbuildinfo)$/i;

/** The directory with the package.json of what runs here. */
export function packageRoot(): string {
  return fileURLToPath(new URL('../../../..', import.meta.url));
}

/** @throws {GuestError} when it is not built, or a dependency is not installed */
export function packageFiles(root: string): PackageFile[] {
  const main = join(root, 'dist/src/cli/main.js');
  if (!existsSync(main)) throw new GuestError('GUEST_INPUT', `${main} is missing: run make build`);
  const own = ['dist/src', 'schemas'].flatMap((name) => filesBelow(join(root, name)));
  const dependencies = [...dependenciesOf(root)].flatMap((directory) => filesBelow(directory));
  return [join(root, 'package.json'), ...own, ...dependencies].map((source) => ({
    source,
    path: placeOf(root, source),
  }));
}

/** What is installed beside this package, and not below it, lies below it in the guest. */
export function placeOf(root: string, source: string): string {
  const path = relative(root, source);
  return path.startsWith('..') ? source.slice(source.indexOf(`${sep}node_modules${sep}`) + 1) : path;
}

/** They make guests, and do not run in one. */
const onHostOnly: ReadonlySet<string> = new Set(['esbuild']);

/** Directories of all packages that are needed, each once. */
function dependenciesOf(root: string): Set<string> {
  const found = new Set<string>();
  const walk = (directory: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(directory);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (onHostOnly.has(name)) continue;
      const at = installed(name, directory);
      if (at === undefined) {
        if (name in optionalDependencies) continue;
        throw new GuestError('GUEST_INPUT', `${name} is not installed: run make install`);
      }
      if (found.has(at)) continue;
      found.add(at);
      walk(at);
    }
  };
  walk(root);
  return found;
}

function manifestOf(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
}

function installed(name: string, from: string): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    const at = join(directory, 'node_modules', name);
    if (existsSync(join(at, 'package.json'))) return at;
    if (directory === dirname(directory)) return undefined;
  }
}

/** Without packages that are installed within. */
function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(path);
      return entry.isFile() && runs(path) ? [path] : [];
    });
}

function runs(file: string): boolean {
  if (isBinary.test(file)) return elfFactsOf(file)?.machine === process.arch;
  return !isLeftBehind.test(file);
}
