import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { GuestTree } from '../../../../src/vm/guest/guest-tree.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-tree-'));
after(() => rmSync(scratch, { recursive: true }));

function source(name: string, text: string, mode = 0o600): string {
  const file = join(scratch, name);
  writeFileSync(file, text, { mode });
  return file;
}

test('it is staged with modes that others can read, below links into /usr', () => {
  const tree = new GuestTree();
  tree.file('/bin/tool', source('tool', 'a tool', 0o700));
  tree.file('/lib/deep/er/data', source('data', 'data'));
  tree.text('/etc/passwd', 'root');
  tree.link('/bin/other', 'tool');
  const root = join(scratch, 'root');
  mkdirSync(root);
  const before = process.umask(0o077);
  try {
    tree.stage(root);
  } finally {
    process.umask(before);
  }
  assert.equal(readlinkSync(join(root, 'bin')), 'usr/bin');
  assert.equal(readFileSync(join(root, 'usr/bin/tool'), 'utf8'), 'a tool');
  assert.equal(readlinkSync(join(root, 'usr/bin/other')), 'tool');
  const mode = (path: string) => lstatSync(join(root, path)).mode & 0o777;
  assert.deepEqual(
    ['usr/bin/tool', 'usr/lib/deep/er/data', 'usr/lib/deep', 'etc/passwd'].map(mode),
    [0o755, 0o644, 0o755, 0o644],
  );
});

test('the first to take a path keeps it', () => {
  const tree = new GuestTree();
  tree.text('/usr/sbin/mount', 'real');
  tree.link('/sbin/mount', 'busybox');
  assert.ok(tree.has('/sbin/mount'));
  assert.equal(tree.paths().filter((path) => path === '/usr/sbin/mount').length, 1);
});

test('its hash is that of its content', () => {
  const make = (fill: (tree: GuestTree) => void) => {
    const tree = new GuestTree();
    fill(tree);
    return tree.hash();
  };
  const one = source('one', 'content');
  const ours = (tree: GuestTree) => tree.file('/opt/one.js', one, { isOurs: true });
  const first = make(ours);
  assert.equal(make(ours), first);

  utimesSync(one, 1000, 1000);
  assert.equal(make(ours), first, 'compiled again to the same');
  writeFileSync(one, 'CONTENT');
  assert.notEqual(make(ours), first, 'other bytes of the same size');

  const system = (tree: GuestTree) => tree.file('/usr/bin/one', one);
  utimesSync(one, 1000, 1000);
  const installed = make(system);
  assert.equal(make(system), installed);
  utimesSync(one, 1001, 1001);
  assert.notEqual(make(system), installed, 'another version of a package');

  const texts = ['a', 'b'].map((text) => make((tree) => tree.text('/init', text)));
  assert.notEqual(texts[0], texts[1]);
  assert.notEqual(
    make((tree) => tree.text('/init', 'a', 0o644)),
    make((tree) => tree.text('/init', 'a', 0o755)),
  );
});
