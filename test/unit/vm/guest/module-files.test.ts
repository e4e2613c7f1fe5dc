import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { GuestError } from '../../../../src/vm/guest/guest-error.js';
import { readModule, readModuleLists } from '../../../../src/vm/guest/module-files.js';
import { command, requires } from '../../../support/requirement.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-modules-'));
after(() => rmSync(scratch, { recursive: true }));

/** What of a module is looked at: the ELF header of a relocatable file, and the vermagic string. */
function moduleBytes(kernel: string, machine = process.arch === 'arm64' ? 183 : 62): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x7f454c46, 0);
  header[4] = 2;
  header.writeUInt16LE(machine, 18);
  return Buffer.concat([header, Buffer.from(`license=GPL\0vermagic=${kernel} SMP mod_unload \0name=one\0`)]);
}

const ours = (path: string) => ({ name: 'one', path, needs: [] });
const refused = (message: RegExp) => (error: unknown) =>
  error instanceof GuestError && error.code === 'GUEST_INPUT' && message.test(error.message);

test('a module is read as it is, and from gzip', () => {
  writeFileSync(join(scratch, 'one.ko'), moduleBytes('6.1'));
  writeFileSync(join(scratch, 'one.ko.gz'), gzipSync(moduleBytes('6.1')));
  for (const path of ['one.ko', 'one.ko.gz'])
    assert.deepEqual(readModule(scratch, ours(path), '6.1'), moduleBytes('6.1'));
});

test('and from xz; a broken one is told by name', requires(command('xz', 'xz-utils')), () => {
  const { stdout } = spawnSync('xz', ['-c'], { input: moduleBytes('6.1') });
  writeFileSync(join(scratch, 'one.ko.xz'), stdout);
  assert.deepEqual(readModule(scratch, ours('one.ko.xz'), '6.1'), moduleBytes('6.1'));
  writeFileSync(join(scratch, 'cut.ko.xz'), stdout.subarray(0, 40));
  assert.throws(() => readModule(scratch, ours('cut.ko.xz'), '6.1'), refused(/cut\.ko\.xz/));
});

test('modules of another kernel, or for another machine, are refused', () => {
  writeFileSync(join(scratch, 'other.ko'), moduleBytes('6.12'));
  assert.throws(
    () => readModule(scratch, ours('other.ko'), '6.1'),
    refused(/is of kernel 6\.12, and 6\.1 is to boot/),
  );
  writeFileSync(join(scratch, 'foreign.ko'), moduleBytes('6.1', 243));
  assert.throws(() => readModule(scratch, ours('foreign.ko'), '6.1'), refused(/is for riscv64, not for/));
});

test(
  'a directory without modules is refused, and nothing is written to it',
  requires(command('depmod', 'kmod')),
  () => {
    const empty = join(scratch, 'empty');
    mkdirSync(empty);
    assert.throws(() => readModuleLists(empty, '6.1'), refused(/holds no modules/));
    assert.deepEqual(readdirSync(empty), []);
  },
);
