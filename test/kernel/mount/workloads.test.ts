/** Programs that people run on a filesystem, on a real mount: copies, fio, git, npm. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { onEachMount } from '../../support/mount-variants.js';
import { type ProgramOptions, type ProgramResult, runProgram } from '../../support/program.js';
import { command, requires } from '../../support/requirement.js';

const checkout = fileURLToPath(new URL('../../../../', import.meta.url));
const deadlineMs = 50_000;

async function succeeds(
  program: string,
  words: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const result = await runProgram(program, words, { deadlineMs, ...options });
  assert.equal(result.status, 0, `${program}: ${result.stderr}${result.stdout}`);
  return result;
}

/** A copy of what is in the checkout's tree, in a repository of its own with one commit. */
async function makeRepository(directory: string): Promise<void> {
  mkdirSync(directory);
  for (const name of ['src', 'test', 'scripts', 'package.json', 'README.md']) {
    cpSync(join(checkout, name), join(directory, name), { recursive: true });
  }
  const git = (...words: string[]) => succeeds('git', ['-C', directory, ...words]);
  await git('init', '--quiet');
  await git('add', '.');
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid'];
  await git(...author, '-c', 'commit.gpgsign=false', 'commit', '--quiet', '--message', 'a tree');
}

interface FioReport {
  readonly jobs: readonly {
    readonly error: number;
    readonly read: { readonly total_ios: number };
    readonly write: { readonly total_ios: number };
  }[];
}

onEachMount('programs on a mount', ({ mounted, unlessLacking }) => {
  test('a source tree that is copied in is the same as its original', async (context) => {
    const { at } = await mounted(context);
    await succeeds('cp', ['-a', join(checkout, 'src'), at('src')]);
    await succeeds('diff', ['-r', join(checkout, 'src'), at('src')]);
  });

  test('and so are its times and modes', unlessLacking('ns-times'), async (context) => {
    const { at } = await mounted(context);
    await succeeds('cp', ['-a', join(checkout, 'src'), at('src')]);
    await succeeds('sh', ['-c', 'tar -C "$1" -c . | tar -d -C "$2"', 'sh', at('src'), join(checkout, 'src')]);
  });

  for (const engine of ['psync', 'mmap']) {
    test(`fio verifies what it wrote, with ${engine}`, requires(command('fio', 'fio')), async (context) => {
      const { at } = await mounted(context);
      const { stdout } = await succeeds('fio', [
        '--name=verify',
        `--filename=${at('data')}`,
        `--ioengine=${engine}`,
        '--rw=randwrite',
        '--bs=4k-64k',
        '--size=64M',
        '--verify=crc32c',
        '--verify_fatal=1',
        '--do_verify=1',
        '--end_fsync=1',
        // Else it leaves a file in the working directory.
        '--verify_state_save=0',
        '--output-format=json',
      ]);
      const { jobs } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as FioReport;
      assert.equal(jobs.length, 1);
      for (const job of jobs) {
        assert.equal(job.error, 0);
        assert.ok(job.write.total_ios > 300, `${job.write.total_ios} writes`);
        assert.ok(job.read.total_ios > 300, `${job.read.total_ios} reads to verify`);
      }
    });
  }

  test('a git clone is whole, and can be committed to', requires(command('git', 'git')), async (context) => {
    const { place, at } = await mounted(context);
    const origin = place.outside('origin');
    await makeRepository(origin);
    await succeeds('git', ['clone', '--quiet', '--no-local', origin, at('clone')]);
    await succeeds('git', ['-C', at('clone'), 'fsck', '--full', '--strict']);
    assert.equal((await succeeds('git', ['-C', at('clone'), 'status', '--porcelain'])).stdout, '');
    await succeeds('diff', ['-r', '--exclude=.git', origin, at('clone')]);
    await succeeds('git', ['-C', at('clone'), 'gc', '--quiet']);
    await succeeds('git', ['-C', at('clone'), 'fsck', '--full', '--strict']);
  });

  test('npm installs a package, and node runs it', requires(command('npm', 'npm')), async (context) => {
    const { place, at } = await mounted(context);
    // Packages of the test's own, so that neither a registry nor a cache is needed.
    const library = place.outside('library');
    mkdirSync(join(library, 'lib'), { recursive: true });
    writeFileSync(
      join(library, 'package.json'),
      JSON.stringify({
        name: 'a-library',
        version: '1.0.0',
        main: 'lib/0.js',
        bin: { 'a-program': 'lib/0.js' },
      }),
    );
    for (let nr = 0; nr < 200; nr++) {
      const next = nr < 199 ? `require('./${nr + 1}.js')` : '0';
      writeFileSync(join(library, 'lib', `${nr}.js`), `#!/usr/bin/env node\nmodule.exports = 1 + ${next};\n`);
    }
    const npm = (cwd: string, ...words: string[]) =>
      succeeds(
        'npm',
        [...words, '--cache', at('npm-cache'), '--no-audit', '--no-fund', '--no-update-notifier'],
        {
          cwd,
        },
      );
    await npm(library, 'pack', '--pack-destination', place.outside(''));
    await succeeds('mkdir', [at('app')]);
    await succeeds('sh', [
      '-c',
      `echo '{"name":"app","version":"1.0.0"}' > "$1"`,
      'sh',
      at('app/package.json'),
    ]);
    await npm(at('app'), 'install', '--offline', place.outside('a-library-1.0.0.tgz'));
    const { stdout } = await succeeds('node', ['-p', 'require("a-library")'], { cwd: at('app') });
    assert.equal(stdout, '200\n');
    await succeeds(at('app/node_modules/.bin/a-program'), []);
    await succeeds('diff', ['-r', join(library, 'lib'), at('app/node_modules/a-library/lib')]);
    await npm(at('app'), 'uninstall', 'a-library');
    await succeeds('test', ['!', '-e', at('app/node_modules/a-library')]);
  });
});
