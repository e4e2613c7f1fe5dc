/**
 * Where this machine gets Debian packages from, told by its own apt: the mirrors of /etc/apt, in whatever form they
 * are written there.  No mirror is built in.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../cache.js';
import { reasonOf, runTool, type Tool, type ToolOptions } from '../tool.js';
import { MirrorError, ToolFailedError } from '../vm-failure.js';

export const aptGet: Tool = {
  name: 'apt-get',
  debianPackage: 'apt',
  neededFor: 'get kernels from Debian; give --kernel the path of a bzImage or of a .deb instead',
};

export const aptHelper: Tool = { ...aptGet, name: 'apt-helper', path: '/usr/lib/apt' };

export interface Mirrors {
  readonly main: string;
  /** Where the suites NAME-security lie; undefined if this machine has none. */
  readonly security: string | undefined;
}

const codenames = [
  'bullseye',
  'bookworm',
  'trixie',
  'forky',
  'sid',
  'oldstable',
  'stable',
  'testing',
  'unstable',
];
const keyrings = ['gpg', 'pgp'].map((ending) => `/usr/share/keyrings/debian-archive-keyring.${ending}`);

/** @throws {MirrorError} when apt names no Debian mirror */
export async function findMirrors(apt: string, options: ToolOptions): Promise<Mirrors> {
  const { STUCKFS_DEBIAN_MIRROR: chosen } = options.environment;
  if (chosen !== undefined && chosen !== '') return { main: chosen.replace(/\/+$/, ''), security: undefined };
  // An empty state of our own: what the machine's apt has fetched, or not, changes nothing.
  const state = makeDirectory(join(apt, 'machine'));
  makeDirectory(join(state, 'lists', 'partial'));
  const words = ['-o', `Dir::State=${state}`, '-o', `Dir::State::lists=${state}/lists`];
  const end = await runTool(
    aptGet,
    [...words, '-o', 'Dir::Cache::pkgcache=', 'update', '--print-uris'],
    options,
  );
  if (end.status !== 0) throw new ToolFailedError('apt-get update --print-uris', reasonOf(end.said));
  const mirrors = parseMirrors(end.stdout);
  if (mirrors !== undefined) return mirrors;
  throw new MirrorError(
    'the sources of this machine (/etc/apt) name no Debian mirror; set STUCKFS_DEBIAN_MIRROR to the address of one',
  );
}

/** @param text lines such as `'ADDRESS/dists/SUITE/InRelease' file size` */
export function parseMirrors(text: string): Mirrors | undefined {
  const suitesOf = new Map<string, string[]>();
  for (const [, mirror = '', suite = ''] of text.matchAll(/^'(.+?)\/+dists\/([^/']+)\/InRelease'/gm)) {
    if (mirror.startsWith('cdrom:')) continue;
    suitesOf.set(mirror, [...(suitesOf.get(mirror) ?? []), suite]);
  }
  const best = (kind: RegExp) => {
    const scored = [...suitesOf]
      .map(([mirror, suites]) => ({ mirror, score: score(mirror, suites, kind) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score);
    return scored[0]?.mirror;
  };
  const main = best(/^(?:-updates|-backports)?$/);
  return main === undefined ? undefined : { main, security: best(/^-security$/) };
}

/** Others than Debian name their suites by Debian's code names, too; few have so many of them, or an `-updates`. */
function score(mirror: string, suites: readonly string[], kind: RegExp): number {
  const known = suites.filter((suite) => {
    const codename = codenames.find((name) => suite === name || suite.startsWith(`${name}-`));
    return codename !== undefined && kind.test(suite.slice(codename.length));
  });
  if (known.length === 0) return 0;
  const isUpdated = known.some((suite) => suite.endsWith('-updates'));
  const atRoot = /^[\w+]+:\/\/[^/]+\/debian(?:-security)?$/.test(mirror);
  return known.length + (isUpdated ? 10 : 0) + (atRoot ? 5 : 0);
}

/** One line of sources.list.  Signed by Debian's own keys where they are installed, else as apt trusts by default. */
export function sourceLine(mirror: string, suite: string): string {
  const keyring = keyrings.find((file) => existsSync(file));
  const signed = keyring === undefined ? '' : ` signed-by=${keyring}`;
  return `deb [arch=amd64${signed}] ${mirror} ${suite} main\n`;
}
