/** A pipe stands in for /dev/fuse: splice(2) moves the reply into it, as it would into the connection. */
import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Unique } from '../../../../src/base/branded.js';
import { PAGE_BYTES } from '../../../../src/base/page-size.js';
import { close, read, write } from '../../../../src/syscall/file.js';
import { closePipe, pipe, setPipeSize } from '../../../../src/syscall/pipe.js';
import { FilePages, type PageSource, PipePages } from '../../../../src/transport/splice/page-source.js';
import { SpliceReplies } from '../../../../src/transport/splice/splice-replies.js';
import { bytes, raw, s32, u32, u64 } from '../../../support/bytes.js';

const MAX_PAGES = 16;
const unique = 0x1122_3344_5566_7788n as Unique;
const data = (length: number) =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff));

const sources: Record<string, (t: TestContext) => PageSource> = {
  'pages of the pipe': () => new PipePages(),
  'pages of a file': (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'stuckfs-source-'));
    const fd = openSync(join(directory, 'scratch'), 'wx+');
    t.after(() => {
      close(fd);
      rmSync(directory, { recursive: true });
    });
    return new FilePages(fd);
  },
};

function setUp(t: TestContext, source: PageSource, move: boolean) {
  const device = pipe();
  assert.ok(typeof device !== 'number');
  assert.ok(setPipeSize(device.readFd, 1 << 18) > 0);
  const replies = new SpliceReplies(device.writeFd, { maxPages: MAX_PAGES, move, source });
  t.after(() => {
    replies.close();
    closePipe(device);
  });
  const into = Buffer.alloc(1 << 18);
  const receive = () => Buffer.from(into.subarray(0, Math.max(0, read(device.readFd, into))));
  return { device, replies, receive };
}

for (const [name, sourceFor] of Object.entries(sources)) {
  describe(`a READ answered by splice from ${name}`, () => {
    for (const size of [0, 1, 4095, 4096, 4097, 3 * PAGE_BYTES, MAX_PAGES * PAGE_BYTES, 50_001]) {
      test(`carries ${size} bytes as they are`, (t) => {
        const { replies, receive } = setUp(t, sourceFor(t), true);
        for (let nr = 0; nr < 2; nr++) {
          data(size).copy(replies.readInto(size));
          replies.sendRead(unique, size);
          assert.deepEqual(receive(), bytes(u32(16 + size), s32(0), u64(unique), data(size)));
        }
        assert.deepEqual(replies.counters, { sent: 2, refused: 0 });
      });
    }

    test('is written where the pipe has no room for it', (t) => {
      const { replies, receive } = setUp(t, sourceFor(t), false);
      const size = 2 * MAX_PAGES * PAGE_BYTES;
      data(size).copy(replies.readInto(size));
      replies.sendRead(unique, size);
      assert.deepEqual(receive(), bytes(u32(16 + size), s32(0), u64(unique), data(size)));
      data(10).copy(replies.readInto(10));
      replies.sendRead(unique, 10);
      assert.deepEqual(
        receive(),
        bytes(u32(26), s32(0), u64(unique), data(10)),
        'nothing was left in the pipe',
      );
    });

    test('leaves the other replies as they are', (t) => {
      const { replies, receive } = setUp(t, sourceFor(t), true);
      replies.data(unique, raw('target'));
      assert.deepEqual(receive(), bytes(u32(22), s32(0), u64(unique), raw('target')));
    });
  });
}

test('a reply that the kernel refuses is counted once, and the next one goes out whole', (t) => {
  const { device, replies, receive } = setUp(t, new PipePages(), true);
  // A full pipe refuses.
  while (write(device.writeFd, Buffer.alloc(PAGE_BYTES)) > 0);
  data(5000).copy(replies.readInto(5000));
  replies.sendRead(unique, 5000);
  assert.deepEqual(replies.counters, { sent: 0, refused: 1 });
  receive();
  data(7).copy(replies.readInto(7));
  replies.sendRead(unique, 7);
  assert.deepEqual(receive(), bytes(u32(23), s32(0), u64(unique), data(7)));
});
