/** File data on a real mount: holes, allocation, copies, mappings, direct I/O, files without a name. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  SEEK_DATA,
  SEEK_HOLE,
} from '../../../src/store/mode.js';
import { onEachMount } from '../../support/mount-variants.js';

const { O_APPEND, O_CREAT, O_DIRECT, O_DIRECTORY, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;
/** __O_TMPFILE of <asm-generic/fcntl.h>, with the O_DIRECTORY that it goes with. */
const O_TMPFILE = 0o20000000 | O_DIRECTORY;
const text = (words: string): Buffer => Buffer.from(words);
const pattern = (length: number, seed = 1): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff));
const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

onEachMount('file data on a mount', ({ mounted, unlessLacking }) => {
  test('what is written is read, at odd offsets and across a truncation', async (context) => {
    const { actor, at } = await mounted(context);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    const bytes = pattern(3_000_001);
    assert.equal(await actor.ok('write', fd, bytes, 4095), bytes.length);
    await actor.ok('fsync', fd);
    assert.deepEqual(Buffer.from(await actor.ok('read', fd, bytes.length, 4095)), bytes);
    await actor.ok('ftruncate', fd, 5000);
    await actor.ok('ftruncate', fd, 9000);
    const read = Buffer.from(await actor.ok('read', fd, 10_000, 0));
    assert.equal(read.length, 9000);
    assert.ok(isZero(read.subarray(0, 4095)));
    assert.deepEqual(read.subarray(4095, 5000), bytes.subarray(0, 905));
    assert.ok(isZero(read.subarray(5000)), 'what was cut off does not come back');
    await actor.ok('close', await actor.ok('open', at('file'), O_WRONLY | O_TRUNC));
    assert.equal((await actor.ok('stat', at('file'))).size, 0n);
  });

  const far = 64 * 2 ** 30;
  test('a sparse file takes room only where it was written', async (context) => {
    const { actor, at } = await mounted(context);
    const fd = await actor.ok('open', at('sparse'), O_CREAT | O_RDWR);
    await actor.ok('write', fd, pattern(4096), far);
    await actor.ok('fsync', fd);
    const stat = await actor.ok('fstat', fd);
    assert.equal(stat.size, BigInt(far + 4096));
    assert.ok(stat.blocks * 512n < 2n ** 21n, `${stat.blocks} blocks`);
    assert.ok(isZero(Buffer.from(await actor.ok('read', fd, 8192, 2 ** 30))));
    assert.deepEqual(Buffer.from(await actor.ok('read', fd, 8192, far)), pattern(4096));
  });

  test('a sparse file tells where it has data', unlessLacking('seek-hole'), async (context) => {
    const { actor, at } = await mounted(context);
    const fd = await actor.ok('open', at('sparse'), O_CREAT | O_RDWR);
    await actor.ok('write', fd, pattern(4096), far);
    await actor.ok('fsync', fd);
    assert.equal(await actor.ok('lseek', fd, 0, SEEK_HOLE), 0);
    const data = await actor.ok('lseek', fd, 0, SEEK_DATA);
    assert.ok(data > far - 2 ** 21 && data <= far, `data at ${data}`);
    assert.equal(await actor.ok('lseek', fd, far, SEEK_HOLE), far + 4096);
    await actor.refuses('ENXIO', 'lseek', fd, far + 4096, SEEK_DATA);
    await actor.ok('ftruncate', fd, 0);
    await actor.refuses('ENXIO', 'lseek', fd, 0, SEEK_DATA);
  });

  const reserves = 'fallocate reserves, punches, and keeps the size where it is told to';
  test(reserves, unlessLacking('fallocate'), async (context) => {
    const { actor, at } = await mounted(context);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    await actor.ok('fallocate', fd, 0, 0, 100_000);
    assert.equal((await actor.ok('fstat', fd)).size, 100_000n);
    await actor.ok('fallocate', fd, FALLOC_FL_KEEP_SIZE, 100_000, 1_000_000);
    const reserved = await actor.ok('fstat', fd);
    assert.equal(reserved.size, 100_000n);
    assert.ok(reserved.blocks * 512n >= 1_000_000n, `${reserved.blocks} blocks`);

    const bytes = pattern(100_000);
    await actor.ok('write', fd, bytes, 0);
    await actor.ok('fallocate', fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10_001, 20_000);
    const wanted = Buffer.from(bytes).fill(0, 10_001, 30_001);
    assert.deepEqual(Buffer.from(await actor.ok('read', fd, 200_000, 0)), wanted);
    await actor.refuses('EOPNOTSUPP', 'fallocate', fd, 0x08, 0, 4096);
  });

  const zeroes = 'fallocate zeroes, and extends unless told not to';
  test(zeroes, unlessLacking('fallocate', 'zero-range'), async (context) => {
    const { actor, at } = await mounted(context);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    const bytes = pattern(100_000);
    await actor.ok('write', fd, bytes, 0);
    await actor.ok('fallocate', fd, FALLOC_FL_ZERO_RANGE, 50_001, 5000);
    await actor.ok('fallocate', fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 90_000, 50_000);
    const wanted = Buffer.from(bytes).fill(0, 50_001, 55_001).fill(0, 90_000);
    assert.deepEqual(Buffer.from(await actor.ok('read', fd, 200_000, 0)), wanted);
    await actor.ok('fallocate', fd, FALLOC_FL_ZERO_RANGE, 90_000, 50_000);
    assert.equal((await actor.ok('fstat', fd)).size, 140_000n);
  });

  test('copy_file_range copies inside the mount, of a written file that is still dirty too', async (context) => {
    const { actor, at } = await mounted(context);
    const bytes = pattern(300_000);
    const from = await actor.ok('open', at('from'), O_CREAT | O_RDWR);
    const to = await actor.ok('open', at('to'), O_CREAT | O_RDWR);
    await actor.ok('write', from, bytes, 0);
    await actor.ok('write', to, pattern(1000, 9), 0);
    let copied = 0;
    while (copied < 200_000) {
      const more = await actor.ok('copyFileRange', from, 777 + copied, to, 333 + copied, 200_000 - copied);
      assert.ok(more > 0);
      copied += more;
    }
    const read = Buffer.from(await actor.ok('read', to, 400_000, 0));
    assert.deepEqual(read, Buffer.concat([pattern(1000, 9).subarray(0, 333), bytes.subarray(777, 200_777)]));
    assert.equal(await actor.ok('copyFileRange', from, 300_000, to, 0, 10), 0, 'nothing behind the end');
    await actor.refuses('EINVAL', 'copyFileRange', from, 0, from, 10, 100);
  });

  test('a file without a name lives as long as it is open', async (context) => {
    const { actor, at } = await mounted(context);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    await actor.ok('write', fd, text('still here'), 0);
    await actor.ok('unlink', at('file'));
    assert.equal((await actor.ok('fstat', fd)).nlink, 0n);
    await actor.ok('writeFile', at('file'), text('another'));
    await actor.ok('fsync', fd);
    assert.equal(String(Buffer.from(await actor.ok('read', fd, 100, 0))), 'still here');
    assert.equal(String(await actor.ok('readFile', at('file'))), 'another');
    const used = (await actor.ok('statfs', at(''))).files;
    assert.ok(used > 0);
    await actor.ok('close', fd);
  });

  const withoutName = 'O_TMPFILE makes a file without a name, which linkat gives one';
  test(withoutName, unlessLacking('tmpfile'), async (context) => {
    const { actor, at } = await mounted(context);
    const fd = await actor.ok('open', at(''), O_TMPFILE | O_RDWR, 0o600);
    await actor.ok('write', fd, text('from nowhere'), 0);
    assert.deepEqual(await actor.ok('list', at('')), []);
    assert.equal((await actor.ok('fstat', fd)).nlink, 0n);
    await actor.ok('linkFd', fd, at('named'));
    await actor.ok('close', fd);
    assert.equal(String(await actor.ok('readFile', at('named'))), 'from nowhere');
    assert.equal((await actor.ok('stat', at('named'))).nlink, 1n);
  });

  test('O_DIRECT goes past the page cache, and both sides see one file', async (context) => {
    const { actor, at } = await mounted(context);
    const bytes = pattern(1 << 20);
    const cached = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    await actor.ok('write', cached, bytes, 0);
    const direct = await actor.ok('open', at('file'), O_RDWR | O_DIRECT);
    assert.deepEqual(Buffer.from(await actor.ok('read', direct, bytes.length, 0)), bytes, 'dirty data first');
    const other = pattern(8192, 77);
    assert.equal(await actor.ok('write', direct, other, 4096), 8192);
    const read = Buffer.from(await actor.ok('read', cached, 16_384, 0));
    assert.deepEqual(read.subarray(4096, 12_288), other);
    assert.deepEqual(read.subarray(0, 4096), bytes.subarray(0, 4096));
  });

  test('O_APPEND of two processes loses nothing', async (context) => {
    const { place, actor, at } = await mounted(context);
    const second = place.actor();
    const append = async (who: typeof actor, letter: string): Promise<void> => {
      const fd = await who.ok('open', at('log'), O_CREAT | O_WRONLY | O_APPEND);
      for (let nr = 0; nr < 200; nr++) await who.ok('write', fd, text(`${letter}${nr}\n`));
      await who.ok('close', fd);
    };
    await Promise.all([append(actor, 'a'), append(second, 'b')]);
    const lines = String(await actor.ok('readFile', at('log')))
      .split('\n')
      .slice(0, -1);
    for (const letter of ['a', 'b']) {
      const wanted = Array.from({ length: 200 }, (_, nr) => `${letter}${nr}`);
      assert.deepEqual(
        lines.filter((line) => line.startsWith(letter)),
        wanted,
      );
    }
  });

  test('a shared mapping is written back by msync and seen by read', async (context) => {
    const { place, actor, at } = await mounted(context);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    await actor.ok('ftruncate', fd, 100_000);
    const mapping = await actor.ok('map', fd, 100_000);
    await actor.ok('storeMapped', mapping, 50_000, text('mapped'));
    await actor.ok('msync', mapping);
    const direct = await actor.ok('open', at('file'), O_RDONLY | O_DIRECT);
    assert.equal(String(Buffer.from(await actor.ok('read', direct, 6, 50_000))), 'mapped');

    const other = place.actor();
    const otherFd = await other.ok('open', at('file'), O_RDWR);
    await other.ok('write', otherFd, text('written'), 10);
    assert.equal(String(Buffer.from(await actor.ok('loadMapped', mapping, 10, 7))), 'written');
  });
});
