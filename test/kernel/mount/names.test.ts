/** Names on a real mount: directories, renames, links, special files, listings. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../../src/store/mode.js';
import { onEachMount } from '../../support/mount-variants.js';

const { S_IFBLK, S_IFCHR, S_IFIFO, S_IFMT } = constants;
const S_IFSOCK = 0o140000;
const text = (words: string): Buffer => Buffer.from(words);

onEachMount('names on a mount', ({ name: kind, mounted, unlessLacking }) => {
  test('directories are made, listed, counted and removed', async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('mkdir', at('d'), 0o750);
    await actor.ok('mkdir', at('d/e'));
    await actor.ok('mkdir', at('d/f'));
    await actor.ok('writeFile', at('d/file'), text('x'));
    assert.deepEqual(await actor.ok('list', at('d')), ['e', 'f', 'file']);
    const stat = await actor.ok('stat', at('d'));
    assert.equal(stat.mode, 0o040750n);
    assert.equal(stat.nlink, 4n);
    await actor.refuses('EEXIST', 'mkdir', at('d'));
    await actor.refuses('ENOTEMPTY', 'rmdir', at('d'));
    await actor.refuses('ENOTDIR', 'rmdir', at('d/file'));
    await actor.refuses('EISDIR', 'unlink', at('d/e'));
    await actor.refuses('ENOENT', 'mkdir', at('missing/d'));
    await actor.ok('rmdir', at('d/e'));
    assert.equal((await actor.ok('stat', at('d'))).nlink, 3n);
    await actor.refuses('ENOENT', 'stat', at('d/e'));
  });

  test('rename replaces a file, and an empty directory', async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('writeFile', at('a'), text('a'));
    await actor.ok('writeFile', at('b'), text('b'));
    await actor.ok('rename', at('a'), at('b'));
    assert.deepEqual(await actor.ok('list', at('')), ['b']);
    assert.equal(String(await actor.ok('readFile', at('b'))), 'a');
    await actor.ok('mkdir', at('c'));
    await actor.ok('mkdir', at('d'));
    await actor.refuses('EISDIR', 'rename', at('b'), at('c'));
    await actor.refuses('ENOTDIR', 'rename', at('c'), at('b'));
    await actor.ok('rename', at('c'), at('d'));
    await actor.refuses('EINVAL', 'rename', at('d'), at('d/inside'));
    await actor.refuses('ENOENT', 'rename', at('a'), at('e'));
    assert.deepEqual(await actor.ok('list', at('')), ['b', 'd']);
  });

  test('rename exchanges, or refuses to replace', unlessLacking('rename-flags'), async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('writeFile', at('a'), text('a'));
    await actor.ok('writeFile', at('b'), text('b'));
    await actor.refuses('EEXIST', 'rename', at('a'), at('b'), RENAME_NOREPLACE);
    await actor.ok('rename', at('a'), at('c'), RENAME_NOREPLACE);
    assert.deepEqual(await actor.ok('list', at('')), ['b', 'c']);
    await actor.ok('rename', at('b'), at('c'), RENAME_EXCHANGE);
    assert.equal(String(await actor.ok('readFile', at('b'))), 'a');
    assert.equal(String(await actor.ok('readFile', at('c'))), 'b');
    await actor.refuses('ENOENT', 'rename', at('b'), at('none'), RENAME_EXCHANGE);
  });

  const exchanged = 'a file and a directory in another one can be exchanged, and link counts follow';
  test(exchanged, unlessLacking('rename-flags'), async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('mkdir', at('one'));
    await actor.ok('mkdir', at('one/sub'));
    await actor.ok('writeFile', at('one/sub/deep'), text('deep'));
    await actor.ok('mkdir', at('two'));
    await actor.ok('writeFile', at('two/file'), text('file'));
    await actor.ok('rename', at('one/sub'), at('two/file'), RENAME_EXCHANGE);
    assert.equal(String(await actor.ok('readFile', at('two/file/deep'))), 'deep');
    assert.equal(String(await actor.ok('readFile', at('one/sub'))), 'file');
    assert.equal((await actor.ok('stat', at('one'))).nlink, 2n);
    assert.equal((await actor.ok('stat', at('two'))).nlink, 3n);
    await actor.refuses('EINVAL', 'rename', at('two'), at('two/file/inside'));
  });

  test('a directory with a tree below it is moved as one', async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('mkdir', at('from'));
    await actor.ok('mkdir', at('from/tree'));
    await actor.ok('makeFiles', at('from/tree'), 500);
    const before = await actor.ok('stat', at('from/tree/499'));
    await actor.ok('mkdir', at('to'));
    await actor.ok('rename', at('from/tree'), at('to/moved'));
    assert.equal((await actor.ok('list', at('to/moved'))).length, 500);
    assert.equal((await actor.ok('stat', at('to/moved/499'))).ino, before.ino);
    assert.deepEqual(await actor.ok('list', at('from')), []);
    await actor.refuses('ENOENT', 'stat', at('from/tree/499'));
  });

  test('a hard link is the same file, until the last of its names goes', async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('writeFile', at('a'), text('same'));
    await actor.ok('link', at('a'), at('b'));
    const [a, b] = [await actor.ok('stat', at('a')), await actor.ok('stat', at('b'))];
    assert.equal(a.ino, b.ino);
    assert.equal(b.nlink, 2n);
    await actor.ok('unlink', at('a'));
    assert.equal(String(await actor.ok('readFile', at('b'))), 'same');
    await actor.ok('mkdir', at('d'));
    await actor.refuses('EPERM', 'link', at('d'), at('e'));
    await actor.refuses('EEXIST', 'link', at('b'), at('d'));
  });

  test(
    'a change through one hard link shows through the other',
    unlessLacking('hard-links'),
    async (context) => {
      const { actor, at } = await mounted(context);
      await actor.ok('writeFile', at('a'), text('same'));
      await actor.ok('link', at('a'), at('b'));
      assert.equal((await actor.ok('stat', at('b'))).mode & 0o7777n, 0o644n);
      await actor.ok('chmod', at('a'), 0o600);
      assert.equal((await actor.ok('stat', at('b'))).mode & 0o7777n, 0o600n);
      await actor.ok('unlink', at('a'));
      assert.equal((await actor.ok('stat', at('b'))).nlink, 1n);
    },
  );

  test('symbolic links are followed, also when they dangle or circle', async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('writeFile', at('file'), text('content'));
    await actor.ok('symlink', 'file', at('link'));
    assert.equal(await actor.ok('readlink', at('link')), 'file');
    assert.equal(String(await actor.ok('readFile', at('link'))), 'content');
    assert.equal((await actor.ok('lstat', at('link'))).size, 4n);
    await actor.ok('symlink', 'nowhere', at('dangling'));
    await actor.refuses('ENOENT', 'stat', at('dangling'));
    await actor.ok('symlink', 'circle', at('circle'));
    await actor.refuses('ELOOP', 'stat', at('circle'));
    const long = 'x'.repeat(4000);
    await actor.ok('symlink', long, at('long'));
    assert.equal(await actor.ok('readlink', at('long')), long);
  });

  test('special files keep their type and device number', async (context) => {
    const { actor, at } = await mounted(context, '-o', 'dev');
    await actor.ok('mknod', at('fifo'), S_IFIFO | 0o600);
    await actor.ok('mknod', at('socket'), S_IFSOCK | 0o600);
    await actor.ok('mknod', at('null'), S_IFCHR | 0o666, 0x103);
    await actor.ok('mknod', at('block'), S_IFBLK | 0o600, 0x700);
    const types: bigint[] = [];
    for (const name of ['fifo', 'socket', 'null', 'block']) {
      types.push((await actor.ok('stat', at(name))).mode & BigInt(S_IFMT));
    }
    assert.deepEqual(types, [S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK].map(BigInt));
    const device = await actor.ok('stat', at('null'));
    assert.equal(device.rdev, 0x103n);
    const fd = await actor.ok('open', at('null'), constants.O_RDWR);
    assert.equal(await actor.ok('write', fd, text('gone')), 4);
    assert.equal((await actor.ok('read', fd, 10)).length, 0, '/dev/null has nothing to read');
  });

  test('without -o dev a device node cannot be opened', async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('mknod', at('null'), S_IFCHR | 0o666, 0x103);
    await actor.refuses('EACCES', 'open', at('null'), constants.O_RDWR);
  });

  test('names are bytes', unlessLacking('byte-names'), async (context) => {
    const { actor, at } = await mounted(context);
    const bytes = Buffer.from([0xff, 0xfe, 0x80, 0x20, 0x0a, 0x5c]);
    const path = Buffer.concat([text(at('/')), bytes]);
    await actor.ok('writeFile', path, text('bytes'));
    assert.equal(String(await actor.ok('readFile', path)), 'bytes');
    assert.deepEqual(await actor.ok('list', at('')), [bytes.toString('latin1')]);
    await actor.ok('rename', path, at('utf-8 ü'));
    assert.equal(String(await actor.ok('readFile', at('utf-8 ü'))), 'bytes');
  });

  test('a name has at most 255 bytes', async (context) => {
    const { actor, at } = await mounted(context);
    const longest = 'n'.repeat(255);
    await actor.ok('writeFile', at(longest), text('long'));
    assert.equal(String(await actor.ok('readFile', at(longest))), 'long');
    await actor.refuses('ENAMETOOLONG', 'open', at(`${longest}n`), constants.O_CREAT | constants.O_WRONLY);
    await actor.refuses('ENAMETOOLONG', 'stat', at(`${longest}n`));
    await actor.ok('rename', at(longest), at('utf-8 ü'));
    assert.equal(String(await actor.ok('readFile', at('utf-8 ü'))), 'long');
  });

  // libfuse asks for the whole listing at once, however long it is.
  const count = kind === 'libfuse' ? 2000 : 10_000;
  test(`${count} entries are listed once each, also while some are deleted`, async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('mkdir', at('d'));
    await actor.ok('makeFiles', at('d'), count);
    assert.deepEqual(
      await actor.ok('list', at('d')),
      Array.from({ length: count }, (_, nr) => String(nr)).toSorted(),
    );

    const directory = await actor.ok('openDirectory', at('d'));
    const first = await actor.ok('nextNames', directory, 100);
    const firstSet = new Set(first);
    // Read already, so that to delete them must not hide any other.
    const deleted = [...first.slice(0, 50)];
    const others = Array.from({ length: count }, (_, nr) => String(nr)).filter((name) => !firstSet.has(name));
    const deletedUnread = others.filter((_, index) => index % 3 === 0);
    await actor.ok('removeFiles', at('d'), [...deleted, ...deletedUnread]);
    const rest = await actor.ok('nextNames', directory, count);
    const all = [...first, ...rest];
    assert.equal(new Set(all).size, all.length, 'no name twice');
    const seen = new Set(all);
    const stay = others.filter((_, index) => index % 3 !== 0);
    assert.deepEqual(
      stay.filter((name) => !seen.has(name)),
      [],
      'none of those that stayed is missing',
    );
    assert.equal((await actor.ok('list', at('d'))).length, count - deleted.length - deletedUnread.length);
  });
});
