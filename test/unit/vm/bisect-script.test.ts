/** The script for `git bisect run`, in a repository that plays a kernel tree, with programs that play make and stuckfs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { bisectScript } from '../../../src/vm/bisect-script.js';
import { command, requires } from '../../support/requirement.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-bisect-'));
after(() => rmSync(scratch, { recursive: true }));
const [tree, bin, build] = ['tree', 'bin', 'build of it'].map((name) => join(scratch, name)) as [
  string,
  string,
  string,
];

function program(path: string, script: string): string {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function inTree(command: string, ...words: readonly string[]) {
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    STUCKFS_BISECT_BUILD: build,
    HOME: scratch,
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t'];
  const all = command === 'git' ? [...identity, ...words] : words;
  const { status, stdout, stderr } = spawnSync(command, all, { cwd: tree, env, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

test(
  'git finds the first commit that is not as expected, past one that is not built',
  requires(command('git', 'git')),
  () => {
    for (const directory of [join(tree, 'scripts'), bin]) mkdirSync(directory, { recursive: true });
    // The tree's state of a commit is the image.
    program(
      join(bin, 'make'),
      'd="$STUCKFS_BISECT_BUILD"; [ "$1" = "O=$d" ] || exit 9; case $* in *defconfig*) touch "$d/.config";; *bzImage*) grep -q broken state && exit 2; mkdir -p "$d/arch/x86/boot"; cp state "$d/arch/x86/boot/bzImage";; esac',
    );
    program(
      join(bin, 'stuckfs'),
      'echo "$*" >>"$STUCKFS_BISECT_BUILD/calls"; while [ "$1" != --kernel ]; do shift; done; case $(cat "$2") in good*) exit 0;; odd*) exit 125;; esac; exit 1',
    );
    program(join(tree, 'scripts/config'), '[ "$1" = --file ] && [ -f "$2" ] && [ "$3" = -e ]');
    const script = join(scratch, 'bisect.sh');
    const stuckfs = join(bin, 'stuckfs');
    writeFileSync(script, bisectScript({ stuckfs: [stuckfs], played: ['writeback-held', "it's"] }));
    assert.equal(inTree('git', 'init', '-q').status, 0);
    const states = ['good 1', 'good 2', 'good 3', 'broken', 'good 4', 'bad 1', 'odd', 'bad 2'];
    for (const state of states) {
      writeFileSync(join(tree, 'state'), state);
      assert.equal(inTree('git', 'add', '-A').status, 0);
      assert.equal(inTree('git', 'commit', '-q', '-m', state).status, 0);
    }
    assert.equal(inTree('git', 'bisect', 'start', 'HEAD', 'HEAD~7').status, 0);
    const { status, text } = inTree('git', 'bisect', 'run', 'sh', script);
    assert.equal(status, 0, text);
    assert.match(text, /is the first bad commit[\s\S]*bad 1/);
    assert.equal(inTree('git', 'status', '--porcelain').text, '', 'the tree stays clean');
    const [call = ''] = readFileSync(join(build, 'calls'), 'utf8').split('\n');
    assert.match(
      call,
      /^vm run writeback-held it's --kernel .*\/arch\/x86\/boot\/bzImage --bisect --out .*\/runs\/[0-9a-f]{12}-\d+$/,
    );
    assert.ok(readdirSync(build).includes('build.log'));
  },
);
