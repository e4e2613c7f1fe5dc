import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { GuestTree } from '../../../../src/vm/guest/guest-tree.js';
import { findTool } from '../../../../src/vm/guest/programs.js';
import { makeRootImage } from '../../../../src/vm/guest/root-image.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-root-image-'));
after(() => rmSync(scratch, { recursive: true }));

const debugfs = findTool('debugfs', '');
const tools = debugfs === undefined ? { skip: 'debugfs is missing: run apt-get install e2fsprogs' } : {};
const nobody = 65534;

/** debugfs writes its version and nothing else to standard error. */
const ask = (image: string, command: string) =>
  spawnSync(debugfs ?? '', ['-R', command, image], { encoding: 'utf8' }).stdout;

/** As an unprivileged user, also where the tests run as root. */
function unprivileged(act: () => void): void {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(nobody);
  try {
    act();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

function tree(): GuestTree {
  const made = new GuestTree();
  const file = join(scratch, 'tool');
  writeFileSync(file, 'x'.repeat(100_000));
  chmodSync(file, 0o755);
  made.file('/usr/bin/tool', file);
  made.text('/etc/with a space', 'text');
  made.link('/usr/bin/other', 'tool');
  made.directory('/proc');
  for (let index = 0; index < 300; index++) made.text(`/opt/many/${index}`, `${index}`);
  return made;
}

test('an unprivileged user makes an image in which everything is whole and belongs to root', tools, () => {
  const directory = join(scratch, 'theirs');
  spawnSync('mkdir', ['-m', '0777', directory]);
  chmodSync(scratch, 0o755);
  const image = join(directory, 'image');
  const made = tree();
  unprivileged(() => makeRootImage(made, image));
  assert.deepEqual(readdirSync(directory), ['image'], 'nothing is left beside it');
  for (const path of ['/', ...made.paths()]) {
    const said = ask(image, `stat "${path}"`);
    assert.match(said, /User: +0 +Group: +0 /, path);
  }
  assert.match(ask(image, 'stat /usr/bin/tool'), /Mode: +0755/);
  assert.equal(ask(image, 'cat /usr/bin/tool'), 'x'.repeat(100_000));
  assert.equal(ask(image, 'cat "/etc/with a space"'), 'text');
  assert.match(ask(image, 'stat /bin'), /Fast link dest: "usr\/bin"/);
  const checked = spawnSync(findTool('e2fsck', '') ?? '', ['-fn', image], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout);
});
