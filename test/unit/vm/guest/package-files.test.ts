import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { GuestError } from '../../../../src/vm/guest/guest-error.js';
import { packageFiles, packageRoot } from '../../../../src/vm/guest/package-files.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-package-'));
after(() => rmSync(scratch, { recursive: true }));

let count = 0;

function tree(files: Readonly<Record<string, string | object>>): string {
  const root = join(scratch, `${++count}`);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

const built = { 'dist/src/cli/main.js': '', 'schemas/run.json': '{}' };
const paths = (root: string) => packageFiles(root).map(({ path }) => path);

test('what runs is taken: what is built, and dependencies of dependencies; what is for development is not', () => {
  const root = tree({
    ...built,
    'package.json': { dependencies: { one: '1' }, devDependencies: { lint: '1' } },
    'dist/src/cli/main.d.ts': '',
    'dist/src/cli/main.js.map': '',
    'dist/test/unit/a.test.js': '',
    'src/cli/main.ts': '',
    'node_modules/one/package.json': { dependencies: { two: '1', three: '1' } },
    'node_modules/one/index.js': '',
    'node_modules/one/index.d.ts': '',
    'node_modules/one/README.md': '',
    'node_modules/one/node_modules/two/package.json': {},
    'node_modules/two/package.json': {},
    'node_modules/three/package.json': { dependencies: { one: '1' } },
    'node_modules/lint/package.json': {},
  });
  assert.deepEqual(paths(root).sort(), [
    'dist/src/cli/main.js',
    'node_modules/one/index.js',
    'node_modules/one/node_modules/two/package.json',
    'node_modules/one/package.json',
    'node_modules/three/package.json',
    'package.json',
    'schemas/run.json',
  ]);
});

test('binaries are taken for this platform only', () => {
  const root = tree({
    ...built,
    'package.json': { dependencies: { native: '1' } },
    'node_modules/native/package.json': {},
    'node_modules/native/darwin/lib.node': 'not ELF',
    'node_modules/native/lib.dylib': 'not ELF',
  });
  const foreign = Buffer.alloc(64);
  foreign.writeUInt32BE(0x7f454c46, 0);
  foreign[4] = 2;
  foreign.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);
  writeFileSync(join(root, 'node_modules/native/other.node'), foreign);
  cpSync(process.execPath, join(root, 'node_modules/native/ours.so.2'));
  assert.deepEqual(
    paths(root).filter((path) => path.startsWith('node_modules')),
    ['node_modules/native/ours.so.2', 'node_modules/native/package.json'],
  );
});

test('optional dependencies may be absent, others are told', () => {
  const optional = { optionalDependencies: { none: '1' } };
  assert.equal(paths(tree({ ...built, 'package.json': optional })).length, 3);
  assert.throws(
    () => paths(tree({ ...built, 'package.json': { dependencies: { none: '1' } } })),
    (error: unknown) => error instanceof GuestError && /^none is not installed: run make/.test(error.message),
  );
  assert.throws(
    () => paths(tree({ 'package.json': {} })),
    (error: unknown) =>
      error instanceof GuestError && /main\.js is missing: run make build$/.test(error.message),
  );
});

test('what is installed beside a package that is installed itself lies below it in the guest', () => {
  const app = tree({
    'node_modules/stuckfs/package.json': { dependencies: { one: '1' } },
    'node_modules/stuckfs/dist/src/cli/main.js': '',
    'node_modules/one/package.json': {},
  });
  assert.deepEqual(paths(join(app, 'node_modules/stuckfs')).sort(), [
    'dist/src/cli/main.js',
    'node_modules/one/package.json',
    'package.json',
  ]);
});

test('of this package, the program and the binding to libc are there, and no test is', () => {
  const all = paths(packageRoot());
  assert.ok(all.includes('dist/src/cli/main.js') && all.includes('dist/src/vm/guest/agent-main.js'));
  assert.ok(all.some((path) => path.endsWith('koffi.node')));
  assert.deepEqual(
    all.filter((path) => path.startsWith('dist/test') || path.startsWith('..')),
    [],
  );
});
