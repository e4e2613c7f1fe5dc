import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { GuestError } from '../../../../src/vm/guest/guest-error.js';
import { agentPath, initramfsInit, neededApplets, rootInit } from '../../../../src/vm/guest/init.js';
import { packageFiles, packageRoot } from '../../../../src/vm/guest/package-files.js';
import { librariesOf } from '../../../../src/vm/guest/programs.js';
import { rootFiles } from '../../../../src/vm/guest/root-files.js';
import { findBusybox } from '../../../../src/vm/guest/static-busybox.js';
import { command, requires } from '../../../support/requirement.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-root-files-'));
after(() => rmSync(scratch, { recursive: true }));

const busyboxIsThere = requires(command('busybox', 'busybox-static'));

test('the image has what its init, the agent and the loader look for', busyboxIsThere, () => {
  const tree = rootFiles(packageFiles(packageRoot()), findBusybox(process.env['PATH'] ?? ''));
  for (const path of [
    '/sbin/stuckfs-init',
    '/bin/node',
    '/bin/sh',
    '/sbin/modprobe',
    agentPath,
    '/opt/stuckfs/dist/src/cli/main.js',
    '/opt/stuckfs/package.json',
    '/etc/passwd',
    ...librariesOf([process.execPath]),
  ])
    assert.ok(tree.has(path), path);
  const paths = tree.paths();
  assert.equal(new Set(paths).size, paths.length);
  // Every one after the directory that it is in.
  const seen = new Set(['/']);
  for (const path of paths) {
    assert.ok(seen.has(path.slice(0, path.lastIndexOf('/')) || '/'), path);
    seen.add(path);
  }
});

describe('the init scripts', busyboxIsThere, () => {
  for (const [name, script] of Object.entries({ initramfsInit, rootInit })) {
    test(`${name} is one that the shell of the guest reads`, () => {
      const { status, stderr } = spawnSync('busybox', ['sh', '-n'], { input: script, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });

    test(`${name} calls nothing that is not checked for`, () => {
      const called = [
        ...script.matchAll(/^\s*(?:until root=\$\(|\[ .* \] \|\| |exec )?([a-z_]+)(?= )/gm),
      ].map(([, word]) => word ?? '');
      const known = new Set([
        ...neededApplets,
        'export',
        'done',
        'while',
        'for',
        'exec',
        'fail',
        'ulimit',
        'cd',
        'node',
        'tries',
      ]);
      assert.ok(called.length > 8, `${called}`);
      assert.deepEqual(
        called.filter((word) => !known.has(word)),
        [],
      );
    });
  }
});

describe('a busybox that would not do', () => {
  const place = (name: string, make: (file: string) => void): string => {
    const directory = join(scratch, name);
    mkdirSync(directory);
    make(join(directory, 'busybox'));
    chmodSync(join(directory, 'busybox'), 0o755);
    return directory;
  };
  const refused = (message: RegExp) => (error: unknown) =>
    error instanceof GuestError && error.code === 'GUEST_PROGRAM' && message.test(error.message);

  test('one that needs libraries', () => {
    const directory = place('dynamic', (file) => copyFileSync(process.execPath, file));
    assert.throws(() => findBusybox(directory), refused(/is not statically linked: .*busybox-static$/));
  });

  test('one that is no program of this machine', () => {
    const directory = place('script', (file) => writeFileSync(file, '#!/bin/sh\n'));
    assert.throws(() => findBusybox(directory), refused(/is for no machine, not for/));
  });
});
