/** Bundles do what the files do that they are made of, in a copy of the package as a guest has it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { type BundledFile, bundle } from '../../../../src/vm/guest/bundle.js';
import { packageFiles, packageRoot } from '../../../../src/vm/guest/package-files.js';

const home = mkdtempSync(join(realpathSync(tmpdir()), 'stuckfs-bundle-'));
after(() => rmSync(home, { recursive: true }));
const root = packageRoot();
const cli = 'dist/src/cli/main.js';
let bundled: readonly BundledFile[];

before(async () => {
  bundled = await bundle(root, home, packageFiles(root));
  for (const { path, text } of bundled) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  for (const name of ['package.json', 'node_modules']) symlinkSync(join(root, name), join(home, name));
});

function said(at: string, ...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(at, cli), ...words], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

for (const words of [
  ['--version'],
  ['run', '--help'],
  ['list', '--json'],
  ['run', 'no-such-scenario'],
  ['no-such-word'],
])
  test(`stuckfs ${words.join(' ')} says the same`, () => {
    const { status, stdout, stderr } = said(root, ...words);
    assert.deepEqual(said(home, ...words), { status, stdout, stderr });
    assert.ok(stdout + stderr !== '');
  });

test('every process that is started by a file is bundled, and starts', () => {
  const entries = bundled.map(({ path }) => path).filter((path) => !path.startsWith('dist/src/bundled/'));
  for (const name of [
    'daemon/main',
    'daemon/serving-thread',
    'safety/watchdog-main',
    'workload/workload-main',
  ])
    assert.ok(entries.includes(`dist/src/${name}.js`), name);
  // Refused with its own words, which are all that it needs to have loaded for.
  const watchdog = spawnSync(process.execPath, [join(home, 'dist/src/safety/watchdog-main.js'), '{}'], {
    encoding: 'utf8',
  });
  assert.match(watchdog.stderr, /its one argument is not what watchdog\.ts gives/);
});

test('the same files give the same bytes', async () => {
  assert.deepEqual(await bundle(root, home, packageFiles(root)), bundled);
});

test('what cannot be bundled is told', async () => {
  const source = join(home, 'broken-main.js');
  writeFileSync(source, 'import "./nowhere.js";');
  await assert.rejects(
    bundle(home, home, [{ path: 'dist/src/broken-main.js', source }]),
    /esbuild cannot bundle dist\/src: .*nowhere\.js/s,
  );
});
