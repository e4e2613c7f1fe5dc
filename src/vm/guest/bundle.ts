/**
 * What processes of this package start with, each bundled into one file and one for whatever it imports later: an
 * emulated CPU takes seconds to find and load hundreds of modules.  The originals stay beside them: a module that asks
 * where it is (import.meta.url) is told its own place, and finds what lies there.  The same bytes for the same files.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildOptions, Plugin } from 'esbuild';
import { GuestError } from './guest-error.js';
import { type PackageFile, placeOf } from './package-files.js';

/** A file of the guest, below the package's directory there. */
export interface BundledFile {
  readonly path: string;
  readonly text: string;
}

/** Binaries, what looks for files of its own, and what only reports want, which are made outside of a guest. */
const external = ['koffi', 'fuse-native', 'linkedom', '@observablehq/plot', 'pino-pretty', 'esbuild'];
/** For the CommonJS modules of a bundle, which is no such module. */
const banner =
  "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);";
const isEntry = (path: string) => /^dist\/src\/(?:.*\/)?(?:[\w-]+-)?(?:main|thread)\.js$/.test(path);

/**
 * What is made of the same files differs by it.
 * @throws {GuestError} where it is not installed
 */
export async function bundlerVersion(): Promise<string> {
  try {
    const { version } = await import('esbuild');
    return `esbuild ${version}`;
  } catch (cause) {
    throw new GuestError('GUEST_INPUT', 'esbuild is not installed: run make install', { cause });
  }
}

/**
 * @param root the directory with the package.json of what runs here
 * @param home where that is in the guest
 * @throws {GuestError} where esbuild cannot do it
 */
export async function bundle(
  root: string,
  home: string,
  files: readonly PackageFile[],
): Promise<BundledFile[]> {
  const entries = files.filter(({ path }) => isEntry(path));
  try {
    const { build } = await import('esbuild');
    const built = entries.map(async ({ path, source }) => {
      const { outputFiles } = await build({
        ...optionsFor(root, home),
        ...chunksOf(path),
        entryPoints: [source],
      });
      return outputFiles.map((file) => ({ path: relative(root, file.path), text: file.text }));
    });
    return (await Promise.all(built)).flat();
  } catch (cause) {
    throw new GuestError('GUEST_INPUT', `esbuild cannot bundle dist/src: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function optionsFor(root: string, home: string): BuildOptions & { write: false } {
  const src = join(root, 'dist/src');
  return {
    absWorkingDir: root,
    outdir: src,
    outbase: src,
    write: false,
    logLevel: 'silent',
    legalComments: 'none',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: `node${process.versions.node}`,
    external,
    banner: { js: banner },
    define: asked,
    plugins: [ownPlaces(root, home)],
  };
}

function chunksOf(path: string): Pick<BuildOptions, 'chunkNames'> {
  const name = relative('dist/src', path).replace(/\.js$/, '').replaceAll('/', '-');
  return { chunkNames: `bundled/${name}/[name]-[hash]` };
}

/** What a module reads to learn where it is, and the constant that it reads instead. */
const asked = {
  'import.meta.url': 'placeOfModule',
  __filename: 'fileOfModule',
  __dirname: 'directoryOfModule',
};

/** Modules are told where they are in the guest, and not where their bundle is. */
function ownPlaces(root: string, home: string): Plugin {
  return {
    name: 'own-places',
    setup: (build) => {
      build.onLoad({ filter: /\.[cm]?js$/ }, async ({ path }) => {
        const file = join(home, placeOf(root, path));
        const text = await readFile(path, 'utf8');
        const [shebang = ''] = /^#!.*\n/.exec(text) ?? [];
        const places = {
          'import.meta.url': pathToFileURL(file).href,
          __filename: file,
          __dirname: dirname(file),
        };
        const constants = Object.entries(places)
          .filter(([name]) => text.includes(name))
          .map(([name, value]) => `const ${asked[name as keyof typeof asked]} = ${JSON.stringify(value)};`);
        return { contents: shebang + constants.join(' ') + text.slice(shebang.length), loader: 'js' };
      });
    },
  };
}
