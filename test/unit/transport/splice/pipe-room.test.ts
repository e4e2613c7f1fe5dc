import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Errno } from '../../../../src/base/errno.js';
import { findPipeRoom, pagesThatFit, pipeBytesFor } from '../../../../src/transport/splice/pipe-room.js';

const MIB = 1 << 20;

describe('the room of a pipe', () => {
  for (const [maxPages, bytes] of [
    [1, 8192],
    [2, 16_384],
    [3, 16_384],
    [127, MIB / 2],
    [128, MIB],
    [255, MIB],
    [256, 2 * MIB],
    [65_535, 256 * MIB],
  ] as const) {
    it(`for ${maxPages} pages and a header is ${bytes} bytes`, () => {
      assert.equal(pipeBytesFor(maxPages), bytes);
      assert.ok(pagesThatFit(bytes) >= maxPages);
      if (maxPages > 1) assert.ok(pagesThatFit(bytes / 2) < maxPages, 'half of it would not do');
    });
  }

  /** A kernel that gives pipes of at most so many bytes. */
  const givesUpTo = (most: number) => {
    const asked: number[] = [];
    const setSize = (bytes: number) => {
      asked.push(bytes);
      return bytes <= most ? bytes : -Errno.EPERM;
    };
    return { asked, setSize };
  };

  it('is as wanted where the kernel gives it', () => {
    const { asked, setSize } = givesUpTo(2 * MIB);
    assert.deepEqual(findPipeRoom(256, MIB, setSize), { maxPages: 256, errno: undefined });
    assert.deepEqual(asked, [2 * MIB]);
  });

  it('is 255 pages in the 1 MiB that anybody may have', () => {
    const { asked, setSize } = givesUpTo(MIB);
    assert.deepEqual(findPipeRoom(256, MIB, setSize), { maxPages: 255, errno: Errno.EPERM });
    assert.deepEqual(asked, [2 * MIB, MIB]);
  });

  it('is asked for in powers of two below fs.pipe-max-size', () => {
    const { asked, setSize } = givesUpTo(100_000);
    assert.deepEqual(findPipeRoom(256, 1_000_000, setSize), { maxPages: 15, errno: Errno.EPERM });
    assert.deepEqual(asked, [2 * MIB, MIB / 2, MIB / 4, MIB / 8, MIB / 16]);
  });

  it('is one page where no pipe may grow', () => {
    assert.deepEqual(findPipeRoom(256, MIB, givesUpTo(0).setSize), { maxPages: 1, errno: Errno.EPERM });
  });

  it('is never more than wanted', () => {
    let calls = 0;
    const setSize = (bytes: number) => (calls++ === 0 ? -Errno.EPERM : bytes);
    assert.equal(findPipeRoom(100, MIB, setSize).maxPages, 100);
  });

  it('is what the kernel of this machine says', () => {
    assert.deepEqual(findPipeRoom(15, 65_536), { maxPages: 15, errno: undefined });
  });
});
