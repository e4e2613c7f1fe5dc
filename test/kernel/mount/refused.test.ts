/** Mounts that are refused on a real machine: one line, exit status 2, nothing mounted and no process left. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { cliPath } from '../../support/cli.js';
import { eventually } from '../../support/eventually.js';
import { MountPlace, mounted } from '../../support/mounted.js';
import { runProgram } from '../../support/program.js';
import { command, devFuse, requires, root } from '../../support/requirement.js';

interface Case {
  readonly name: string;
  /** Makes what is in the way; answers the words of the mount. */
  readonly words: (place: MountPlace) => readonly string[];
  readonly says: readonly (string | RegExp)[];
}

const cases: readonly Case[] = [
  {
    name: 'a mount point that is missing',
    words: (place) => [place.outside('none')],
    says: ['MOUNTPOINT', '/none', 'mkdir -p'],
  },
  {
    name: 'a mount point that is a file',
    words: (place) => {
      writeFileSync(place.outside('file'), '');
      return [place.outside('file')];
    },
    says: ['MOUNTPOINT', '/file', 'not a directory', 'give an empty directory'],
  },
  {
    name: 'a mount point that is not empty',
    words: (place) => {
      mkdirSync(place.outside('full/thing'), { recursive: true });
      return [place.outside('full')];
    },
    says: ['MOUNTPOINT', '/full', 'thing is in it', 'give an empty directory'],
  },
  {
    name: 'a socket that is a file already',
    words: (place) => {
      writeFileSync(place.outside('taken'), 'mine');
      return ['--socket', place.outside('taken'), place.mountPoint];
    },
    says: ['socket', '/taken'],
  },
  {
    name: 'a socket path that is too long',
    words: (place) => ['--socket', place.outside('s'.repeat(120)), place.mountPoint],
    says: ['socket', 'sss', '107'],
  },
  {
    name: 'an unknown -o',
    words: (place) => ['-o', 'frobnicate', place.mountPoint],
    says: ['-o', '"frobnicate"', 'allow_other'],
  },
  {
    name: 'a wrong value of -o',
    words: (place) => ['-o', 'max_read=1', place.mountPoint],
    says: ['max_read', '"1"', '4096'],
  },
  {
    name: 'a log file that cannot be written',
    words: (place) => ['--log-file', place.outside('none/log'), place.mountPoint],
    says: ['log', '/none/log'],
  },
];

/** Processes of ours that name this place on their command line. */
function processesOf(place: MountPlace): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(place.outside(''));
      } catch {
        return false;
      }
    });
}

function assertRefused(
  result: { readonly status: number | null; readonly stdout: string; readonly stderr: string },
  says: readonly (string | RegExp)[],
): void {
  assert.equal(result.status, 2, result.stderr);
  assert.equal(result.stdout, '');
  assert.match(result.stderr, /^stuckfs: [^\n]+\n$/);
  for (const words of says) {
    const isSaid = typeof words === 'string' ? result.stderr.includes(words) : words.test(result.stderr);
    assert.ok(isSaid, `no ${words} in ${result.stderr}`);
  }
}

describe('a mount that is refused', requires(root, devFuse), () => {
  for (const { name, words, says } of cases) {
    test(name, async (context) => {
      const place = new MountPlace(context);
      assertRefused(await place.cli('mount', ...words(place)), says);
      // A watchdog that was started already looks once more after its daemon, and ends by itself.
      await eventually('no process left', 2000, () => processesOf(place).length === 0);
      await place.gone(0);
    });
  }

  const onMounted = async (
    context: TestContext,
    act: (place: MountPlace, socketPath: string) => Promise<void>,
  ): Promise<void> => {
    const { place, ready, actor, at } = await mounted(context);
    await act(place, ready.socketPath);
    await actor.ok('writeFile', at('still-served'), Buffer.from('x'));
  };

  test('a second daemon on the same mount point', (context) =>
    onMounted(context, async (place) => {
      const result = await place.cli('mount', place.mountPoint);
      assertRefused(result, ['MOUNTPOINT', place.mountPoint, 'already', 'stuckfs unmount']);
    }));

  test('a mount point on another mount of ours, also by a symbolic link', (context) =>
    onMounted(context, async (place) => {
      symlinkSync(place.mountPoint, place.outside('link'));
      for (const path of [`${place.mountPoint}/below`, `${place.outside('link')}/below`]) {
        const result = await place.cli('mount', path);
        assertRefused(result, ['MOUNTPOINT', path, 'lies on the stuckfs mount', 'outside of it']);
      }
    }));

  test('a mount point on a mount of ours that is stuck: told at once', (context) =>
    onMounted(context, async (place) => {
      assert.equal((await place.cli('hold')).status, 0);
      const result = await place.cli('mount', `${place.mountPoint}/below`);
      assertRefused(result, ['MOUNTPOINT', 'lies on the stuckfs mount']);
      assert.equal((await place.cli('fault', 'clear')).status, 0);
      assert.equal((await place.cli('release')).status, 0);
    }));

  test('the socket of another daemon', (context) =>
    onMounted(context, async (place, socketPath) => {
      mkdirSync(place.outside('second'));
      const result = await place.cli('mount', '--socket', socketPath, place.outside('second'));
      assertRefused(result, ['socket', socketPath]);
      assert.equal((await place.cli('status', '-m', place.mountPoint)).status, 0);
    }));

  test('a socket or a log file on a mount of ours', (context) =>
    onMounted(context, async (place) => {
      mkdirSync(place.outside('second'));
      for (const option of ['--socket', '--log-file']) {
        const result = await place.cli('mount', option, `${place.mountPoint}/x`, place.outside('second'));
        assertRefused(result, [option, 'lies on the stuckfs mount']);
      }
    }));

  test('not root', requires(command('setpriv', 'util-linux')), async (context) => {
    const place = new MountPlace(context);
    const words = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, cliPath];
    const result = await runProgram('setpriv', [...words, 'mount', place.mountPoint], {
      environment: place.environment,
      cwd: '/',
    });
    assertRefused(result, ['effective uid 65534', 'sudo']);
    await place.gone(0);
  });
});
