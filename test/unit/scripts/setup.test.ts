/**
 * scripts/setup against stand-ins for node, npm, id, dpkg-query and apt-get in a PATH of their own, so that it can
 * be asked about machines that this one is not.  Installed packages are files in a directory.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';

const setup = resolve(import.meta.dirname, '../../../../scripts/setup');
/** In the order of the script. */
const allPackages = [
  'fuse3',
  'fio',
  'e2fsprogs',
  'xz-utils',
  'git',
  'curl',
  'python3',
  'chromium',
  'kmod',
  'xfsprogs',
  'qemu-system-x86',
  'busybox-static',
  'iproute2',
];
const allBut = (...names: string[]) => allPackages.filter((name) => !names.includes(name));
const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-setup-'));
after(() => rmSync(scratch, { recursive: true }));

interface Machine {
  readonly installed: readonly string[];
  readonly uid?: number;
  readonly node?: string;
  readonly without?: readonly string[];
  /** The first so many calls of apt-get fail. */
  readonly aptFailures?: number;
}

let machines = 0;

function machine({ installed, uid = 0, node = 'v22.12.0', without = [], aptFailures = 0 }: Machine) {
  const dir = join(scratch, `${++machines}`);
  const [bin, dpkg, calls] = [join(dir, 'bin'), join(dir, 'dpkg'), join(dir, 'calls')];
  mkdirSync(bin, { recursive: true });
  mkdirSync(dpkg);
  for (const name of installed) writeFileSync(join(dpkg, name), '');
  writeFileSync(calls, '');
  const standIns = {
    node: `echo ${node}`,
    npm: 'exit 1',
    id: `echo ${uid}`,
    'dpkg-query': `[ -e "${dpkg}/\${!#}" ] && printf installed`,
    'apt-get': `printf '%s %s\\n' "$DEBIAN_FRONTEND" "$*" >>"${calls}"
mapfile -t all <"${calls}"
if ((\${#all[@]} <= ${aptFailures})); then exit 100; fi
if [[ " $* " == *' install '* ]]; then
  for word; do case "$word" in ${allPackages.join('|')}) : >"${dpkg}/$word" ;; esac; done
fi`,
  };
  for (const [name, body] of Object.entries(standIns)) {
    if (without.includes(name)) continue;
    writeFileSync(join(bin, name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  }
  return {
    run(...args: string[]) {
      const { status, stdout, stderr } = spawnSync('/bin/bash', [setup, ...args], {
        encoding: 'utf8',
        env: { PATH: bin },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return { status, stdout, stderr };
    },
    aptCalls: () => readFileSync(calls, 'utf8').split('\n').filter(Boolean),
    isInstalled: (name: string) => existsSync(join(dpkg, name)),
  };
}

const update = 'noninteractive -o DPkg::Lock::Timeout=120 update';
const install = (...names: string[]) =>
  `noninteractive -o DPkg::Lock::Timeout=120 install -y --no-install-recommends ${names.join(' ')}`;

describe('scripts/setup', () => {
  test('as root installs only what is missing, and the second time does nothing', () => {
    const here = machine({ installed: allBut('fuse3', 'fio') });
    const first = here.run();
    assert.deepEqual([first.status, first.stderr], [0, '']);
    assert.match(first.stdout, /fuse3 is missing[\s\S]*fio is missing[\s\S]*installed: fuse3 fio\n$/);
    assert.deepEqual(here.aptCalls(), [update, install('fuse3', 'fio')]);
    assert.ok(here.isInstalled('fio'));

    const second = here.run();
    assert.deepEqual(
      [second.status, second.stdout],
      [0, 'setup: node v22.12.0 and all packages are there; nothing to do\n'],
    );
    assert.equal(here.aptCalls().length, 2);
  });

  test('--check changes nothing and says the same each time', () => {
    const here = machine({ installed: [] });
    const first = here.run('--check');
    assert.equal(first.status, 0);
    const command = `apt-get update && apt-get install -y --no-install-recommends ${allPackages.join(' ')}`;
    assert.ok(first.stdout.endsWith(`would run: ${command}\n`), first.stdout);
    assert.deepEqual(here.run('--check'), first);
    assert.deepEqual(here.aptCalls(), []);
  });

  for (const args of [[], ['--check']]) {
    test(`not root prints the exact command and changes nothing: ${args}`, () => {
      const here = machine({ installed: allBut('fio'), uid: 1000 });
      const { status, stdout } = here.run(...args);
      assert.equal(status, 0);
      assert.match(
        stdout,
        /^ {4}sudo apt-get update && sudo apt-get install -y --no-install-recommends fio\n$/m,
      );
      assert.deepEqual(here.aptCalls(), []);
    });
  }

  test('not root with everything there has nothing to say', () => {
    const { status, stdout } = machine({ installed: allPackages, uid: 1000 }).run();
    assert.equal(status, 0);
    assert.match(stdout, /nothing to do/);
  });

  test('a stale list is fetched once more', () => {
    const here = machine({ installed: allBut('fio'), aptFailures: 1 });
    assert.equal(here.run().status, 0);
    assert.deepEqual(here.aptCalls(), [update, update, install('fio')]);
  });

  test('packages that cannot be installed are named, with status 3', () => {
    const here = machine({ installed: allBut('fio'), aptFailures: 99 });
    const { status, stderr } = here.run();
    assert.equal(status, 3);
    assert.match(stderr, /could not install: fio; the tests that need them will be skipped/);
    assert.deepEqual(here.aptCalls(), [update, update]);
  });

  test('a machine without apt is told what it needs', () => {
    const { status, stdout } = machine({ installed: [], without: ['apt-get', 'dpkg-query'] }).run();
    assert.equal(status, 0);
    const told = `no apt-get; install with its own package manager what brings: ${allPackages.join(' ')}\n`;
    assert.ok(stdout.endsWith(told), stdout);
  });

  for (const node of ['v18.20.4', 'v20.18.3', 'v6.19.0']) {
    test(`node ${node} is too old`, () => {
      const { status, stderr } = machine({ installed: allPackages, node }).run();
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`node ${node} is too old, 20\\.19 is needed: install Node 22`));
    });
  }

  for (const node of ['v20.19.0', 'v22.0.0', 'v24.1.0', 'v26.0.0']) {
    test(`node ${node} will do`, () => {
      assert.equal(machine({ installed: allPackages, node }).run().status, 0);
    });
  }

  for (const absent of ['node', 'npm']) {
    test(`without ${absent} it says how to get it`, () => {
      const { status, stderr } = machine({ installed: allPackages, without: [absent] }).run();
      assert.equal(status, 1);
      assert.match(
        stderr,
        new RegExp(`${absent} is missing: install Node 22 or later, with npm, from https://`),
      );
    });
  }

  test('an unknown argument is refused before anything is looked at', () => {
    const here = machine({ installed: [] });
    assert.equal(here.run('--force').status, 2);
    assert.equal(here.run('--check', '--check').status, 2);
    assert.deepEqual(here.aptCalls(), []);
  });
});
