/**
 * A machine with made-up apt, dpkg-deb and depmod, and a mirror that breaks off after as many bytes as it is told to:
 * shell scripts first in PATH.  A package is a tar file here.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeBzImage } from '../../../support/kernel-image.js';
import { stanza } from './stanza.js';

const scripts: Readonly<Record<string, string>> = {
  'apt-get': `case "$*" in
    *--print-uris*) [ -e "$FAKE_WORLD/foreign" ] || echo "'http://mirror.example/debian/dists/bookworm/InRelease' x 0 "; exit 0 ;;
    *indextargets*) echo "$FAKE_WORLD/Packages"; exit 0 ;;
    *update*) if [ -e "$FAKE_WORLD/offline" ]; then echo 'E: Failed to fetch: Could not resolve' >&2; exit 100; fi
      echo update >> "$FAKE_WORLD/log"; exit 0 ;;
  esac; exit 1`,
  // Behind a proxy all is left to apt.
  'apt-config': `echo 'Acquire::http::Proxy "http://proxy.example";'`,
  'apt-helper': `while :; do case $1 in -q) shift ;; -c) shift 2 ;; *) break ;; esac; done
  if [ "$1" = cat-file ]; then exec cat "$2"; fi
  echo "$1 \${2##*/}" >> "$FAKE_WORLD/log"
  src="$FAKE_WORLD/pool/\${2##*/}"
  if [ -e "$FAKE_WORLD/full" ]; then echo 'E: Write error - write (28: No space left on device)' >&2; exit 100; fi
  if ! [ -e "$src" ]; then printf 'Err:1 it\\n  404  Not Found [IP]\\n'; echo 'E: Download Failed' >&2; exit 100; fi
  if [ -e "$FAKE_WORLD/dead" ] && [ -s "$3" ]; then printf 'Err:1 it\\n  Connection timed out [IP]\\n'; exit 100; fi
  touch "$3"
  tail -c +$(($(stat -c %s "$3") + 1)) "$src" | head -c "$(cat "$FAKE_WORLD/limit")" >> "$3"
  [ "$(stat -c %s "$3")" = "$(stat -c %s "$src")" ] && exit 0
  printf 'Err:1 it\\n  Connection timed out [IP]\\n'; echo 'E: Download Failed' >&2; exit 100`,
  'dpkg-deb': `if [ "$1" = -f ]; then cat "$2.fields" 2>/dev/null && exit 0; echo "dpkg-deb: error: not a package" >&2; exit 2; fi
  exec tar -xf "$2" -C "$3"`,
  depmod: `[ "$1" = -b ] && [ -d "$2/lib/modules/$3/kernel" ] && echo 'kernel/fuse.ko:' > "$2/lib/modules/$3/modules.dep"`,
  modinfo: `cat "$3"`,
};

interface FakeKernel {
  readonly release: string;
  /** In one package, or the three since 6.19. */
  readonly isSplit?: boolean;
  readonly config?: string;
}

export const goodConfig = 'CONFIG_COMPACTION=y\nCONFIG_FUSE_FS=m\n';

export class FakeDebian {
  readonly directory = mkdtempSync(join(tmpdir(), 'stuckfs-debian-'));
  readonly cache = join(this.directory, 'cache');
  readonly environment: NodeJS.ProcessEnv;
  private readonly stanzas: string[] = [];
  private readonly world = join(this.directory, 'world');

  constructor() {
    const bin = join(this.directory, 'bin');
    for (const path of [bin, join(this.world, 'pool')]) mkdirSync(path, { recursive: true });
    for (const [name, script] of Object.entries(scripts)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    this.environment = { PATH: `${bin}:/usr/bin:/bin`, FAKE_WORLD: this.world };
    this.breakAfter(2 ** 30);
  }

  add({ release, isSplit = false, config = goodConfig }: FakeKernel): void {
    const tree = `${isSplit ? 'usr/' : ''}lib/modules/${release}`;
    const image = isSplit ? `${tree}/vmlinuz` : `boot/vmlinuz-${release}`;
    const configPath = isSplit ? `${tree}/config` : `boot/config-${release}`;
    const parts: Readonly<Record<string, Readonly<Record<string, string | Buffer>>>> = isSplit
      ? {
          binary: { [image]: makeBzImage({ release }) },
          modules: { [`${tree}/kernel/fuse.ko`]: 'module' },
          base: { [configPath]: config },
        }
      : {
          image: {
            [image]: makeBzImage({ release }),
            [`${tree}/kernel/fuse.ko`]: 'module',
            [configPath]: config,
            'usr/share/doc/x': 'not wanted',
          },
        };
    for (const [part, files] of Object.entries(parts)) {
      const file = this.makePackage(`${part}-${release}`, files);
      const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
      const size = statSync(file).size;
      const filename = `pool/main/${part}-${release}`;
      this.stanzas.push(stanza(`linux-${part}-${release}`, '1.0-1', { sha256, size, filename }));
    }
    this.writeIndex();
  }

  makePackage(name: string, files: Readonly<Record<string, string | Buffer>>): string {
    const tree = mkdtempSync(join(this.directory, 'tree-'));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), content);
    }
    // As the address has it.
    const file = join(this.world, 'pool', encodeURIComponent(name));
    execFileSync('tar', ['-cf', file, '-C', tree, '.']);
    return file;
  }

  /** Takes the newest back out of the index, or all from the mirror's pool. */
  writeIndex(stanzas: readonly string[] = this.stanzas): void {
    writeFileSync(join(this.world, 'Packages'), `${stanzas.join('\n\n')}\n\n`);
  }

  removeFromPool(name: string): void {
    rmSync(join(this.world, 'pool', encodeURIComponent(name)));
  }

  /** Every download ends after so many bytes. */
  breakAfter(bytes: number): void {
    writeFileSync(join(this.world, 'limit'), String(bytes));
  }

  /** `dead`: nothing comes after the first piece of a file. */
  set(state: 'offline' | 'full' | 'dead' | 'foreign', on: boolean): void {
    if (on) writeFileSync(join(this.world, state), '');
    else rmSync(join(this.world, state), { force: true });
  }

  /** What was asked of the mirror since the last time. */
  takeLog(): string[] {
    const file = join(this.world, 'log');
    try {
      return readFileSync(file, 'utf8').trimEnd().split('\n');
    } catch {
      return [];
    } finally {
      rmSync(file, { force: true });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
