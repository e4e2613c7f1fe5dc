/** Tars of a guest that is honest, and of one that is not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type TarLimit, type Unpacked, unpackTar } from '../../../../src/vm/qemu/unpack-tar.js';
import { tarEntry } from '../../../support/tar-entry.js';

const plenty: TarLimit = { bytes: 1 << 30, entries: 1000 };
const end = Buffer.alloc(1024);

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('a tar', () => {
  let directory: string;
  let out: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'stuckfs-tar-'));
    out = join(directory, 'run');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const unpack = (bytes: Buffer, limit = plenty, size = 4096): Promise<Unpacked> =>
    unpackTar(pieces(bytes, size), out, limit);

  for (const size of [1, 511, 512, 513, 1 << 20])
    test(`of tar(1) comes out byte-exact, in pieces of ${size}`, async () => {
      const made = join(directory, 'made');
      const long = 'a-long-name-'.repeat(12);
      mkdirSync(join(made, 'sub', long, 'deep'), { recursive: true });
      writeFileSync(join(made, 'empty'), '');
      writeFileSync(join(made, 'sub/block'), Buffer.alloc(512, 1));
      writeFileSync(join(made, 'sub/bulk'), Buffer.alloc(10_001, 2));
      writeFileSync(join(made, 'sub', long, 'deep', long), 'ä');
      const bytes = execFileSync('tar', ['--format=gnu', '-c', '-C', made, '.']);
      const unpacked = await unpack(bytes, plenty, size);
      assert.deepEqual(
        readdirSync(directory).filter((name) => name === 'run'),
        [],
      );
      await unpacked.keep();
      assert.deepEqual(readdirSync(out).sort(), ['empty', 'sub']);
      for (const name of ['empty', 'sub/block', 'sub/bulk', join('sub', long, 'deep', long)])
        assert.deepEqual(readFileSync(join(out, name)), readFileSync(join(made, name)), name);
      assert.deepEqual(readdirSync(directory).sort(), ['made', 'run']);
    });

  test('with nothing in it is an empty directory; what comes after its end is not read', async () => {
    await (await unpack(Buffer.concat([end, Buffer.from('more')]))).keep();
    assert.deepEqual(readdirSync(out), []);
  });

  test('is nothing on the disk before its first byte', async () => {
    let begin = () => {};
    const begins = new Promise<void>((resolve) => {
      begin = resolve;
    });
    async function* late(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(0);
      await begins;
      yield end;
    }
    const unpacking = unpackTar(late(), out, plenty);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(readdirSync(directory), []);
    begin();
    await (await unpacking).keep();
    assert.deepEqual(readdirSync(directory), ['run']);
  });

  test('that is not wanted leaves nothing', async () => {
    await (await unpack(Buffer.concat([tarEntry('a', '0', Buffer.from('x')), end]))).discard();
    assert.deepEqual(readdirSync(directory), []);
  });

  const longName = (name: string): Buffer => tarEntry('././@LongLink', 'L', Buffer.from(`${name}\0`));
  const refused: readonly (readonly [string, Buffer, RegExp])[] = [
    ['..', tarEntry('../x'), /with \.\./],
    ['.. inside', tarEntry('a/../../x'), /with \.\./],
    ['.. of a directory', tarEntry('..', '5'), /with \.\./],
    ['.. in a long name', Buffer.concat([longName(`${'a/'.repeat(80)}../x`), tarEntry('x')]), /with \.\./],
    ['an absolute name', tarEntry('/etc/x'), /not relative/],
    ['no name', tarEntry('.'), /without a name/],
    ['a control character', tarEntry('a\u001b[2J'), /control characters/],
    ['a control character above ASCII', tarEntry('a\u009b2J'), /^"a2J": a name with control/],
    ['a symbolic link', tarEntry('l', '2'), /neither a regular file nor a directory/],
    ['a hard link', tarEntry('l', '1'), /neither a regular file nor a directory/],
    ['a device', tarEntry('d', '3'), /neither a regular file nor a directory/],
    ['a FIFO', tarEntry('p', '6'), /neither a regular file nor a directory/],
    ['a PAX header', tarEntry('p', 'x'), /neither a regular file nor a directory/],
    ['a file twice', Buffer.concat([tarEntry('a'), tarEntry('a')]), /a name twice/],
    ['a file as a directory', Buffer.concat([tarEntry('a'), tarEntry('a/b')]), /a name twice/],
    ['a directory as a file', Buffer.concat([tarEntry('a', '5'), tarEntry('a')]), /a name twice/],
    ['a part longer than NAME_MAX', Buffer.concat([longName('x'.repeat(256)), tarEntry('x')]), /too long/],
    ['a name that is too deep', Buffer.concat([longName('a/'.repeat(40)), tarEntry('x')]), /too deep/],
    [
      'a long name of a long name',
      Buffer.concat([longName('a'), longName('b')]),
      /a long name of a long name/,
    ],
    ['a huge long name', tarEntry('././@LongLink', 'L', Buffer.alloc(0), 1 << 20), /a name of 1048576 bytes/],
    ['too many bytes', tarEntry('a', '0', Buffer.alloc(0), 2 ** 31), /more than 1073741824 bytes/],
    [
      'too many entries',
      Buffer.concat(Array.from({ length: 1001 }, () => tarEntry('d', '5'))),
      /more than 1000/,
    ],
    ['a single block of zeroes', Buffer.concat([Buffer.alloc(512), tarEntry('a')]), /amid the archive/],
    ['no tar', Buffer.alloc(1024, 'x'), /not octal|checksum/],
  ];
  for (const [what, bytes, why] of refused)
    test(`is refused for ${what}, and nothing is left`, async () => {
      const whole = Buffer.concat([tarEntry('good', '0', Buffer.from('x')), bytes, end]);
      await assert.rejects(unpack(whole), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'TAR', String(error));
        assert.match(error.message, why);
        return true;
      });
      assert.deepEqual(readdirSync(directory), []);
    });

  test('is refused when it is cut short anywhere', async () => {
    const whole = Buffer.concat([tarEntry('a', '0', Buffer.alloc(700, 'x')), end]);
    for (const cut of [0, 100, 512, 1000, 1212, 1536, 2048, whole.length - 1])
      await assert.rejects(unpack(whole.subarray(0, cut)), /cut short/);
    assert.deepEqual(readdirSync(directory), []);
  });

  test('does not take the place of what is there', async () => {
    mkdirSync(out);
    writeFileSync(join(out, 'mine'), '');
    const unpacked = await unpack(Buffer.concat([tarEntry('a'), end]));
    await assert.rejects(unpacked.keep(), { code: 'ENOTEMPTY' });
    await unpacked.discard();
    rmSync(out, { recursive: true });
    symlinkSync('elsewhere', out);
    const again = await unpack(Buffer.concat([tarEntry('a'), end]));
    await assert.rejects(again.keep(), { code: 'ENOTDIR' });
    await again.discard();
  });
});
