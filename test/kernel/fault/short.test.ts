/** The action `short`: what the kernel makes of fewer bytes than it asked for, and what the server has then. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { describe, test } from 'node:test';
import { countOf, faultyMount } from '../../support/faulty-mount.js';
import { requires } from '../../support/requirement.js';
import { devFuseTransport, transports } from '../../support/transports.js';

const { O_CREAT, O_DIRECT, O_RDWR } = constants;
const size = 16_384;
const content = Buffer.from(Uint8Array.from({ length: size }, (_, at) => 1 + (at % 251)));
const zeros = Buffer.alloc(size);

for (const transport of transports) {
  describe(`short over ${transport.name}`, requires(...transport.needs), () => {
    test('to the page cache, what a short READ leaves out is no data of the file', async (context) => {
      const { actor, at, client, arm } = await faultyMount(context, transport, '--attr-timeout', '0ms');
      const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
      await actor.ok('write', fd, content, 0);
      await actor.ok('fsync', fd);
      const read = async (): Promise<Buffer> => {
        await actor.ok('dropCache', fd);
        return Buffer.from(await actor.ok('read', fd, size, 0));
      };
      assert.ok((await read()).equals(content));
      for (const [words, bytes] of [
        ['short 4096', 4096],
        ['short 75% read', 12_288],
      ] as const) {
        await arm(words);
        const got = await read();
        await client.clearFaults();
        assert.ok(got.subarray(0, bytes).equals(content.subarray(0, bytes)), words);
        // Zeros under the writeback cache; else the file ends there (fuse_short_read() in fs/fuse/file.c).
        if (transport.name === 'dev-fuse') assert.equal(got.length, size, words);
        assert.ok(got.subarray(bytes).equals(zeros.subarray(bytes, got.length)), words);
        // Whoever asks anew is told the size, and then reads all of it.
        await actor.ok('stat', at('file'));
        assert.ok((await read()).equals(content), `after ${words}`);
      }
    });

    test('a short direct READ goes on through the page cache', async (context) => {
      const { actor, at, client, arm } = await faultyMount(context, transport);
      const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR | O_DIRECT);
      await actor.ok('write', fd, content, 0);
      const read = async (): Promise<number> => {
        const before = await countOf(client, 'FUSE_READ');
        assert.ok(Buffer.from(await actor.ok('read', fd, size, 0)).equals(content));
        return (await countOf(client, 'FUSE_READ')) - before;
      };
      const whole = await read();
      await arm('short 4096 read nth=1');
      // generic_file_read_iter() in mm/filemap.c.
      assert.ok((await read()) > whole, 'no READ more than without the fault');
    });

    test('of a short direct WRITE the server has so many bytes and no more', async (context) => {
      const { actor, at, client, arm } = await faultyMount(context, transport);
      const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR | O_DIRECT);
      await actor.ok('write', fd, zeros, 0);
      await arm('short 4096 write nth=1');
      const written = await actor.do('write', fd, content, 0);
      await client.clearFaults();
      const stored = Buffer.from(await actor.ok('read', fd, size, 0));
      assert.ok(stored.subarray(0, 4096).equals(content.subarray(0, 4096)));
      if (written === size) {
        // Without FUSE_ASYNC_DIO the rest goes through the page cache (direct_write_fallback() in mm/filemap.c).
        assert.ok(stored.equals(content));
      } else {
        assert.equal(written, -5, 'fuse_get_res_by_io() in fs/fuse/file.c');
        assert.ok(stored.subarray(4096).equals(zeros.subarray(4096)));
      }
      if (transport.name === 'dev-fuse') assert.equal(written, -5);
    });
  });
}

describe('short over dev-fuse', requires(...devFuseTransport.needs), () => {
  test('a short WRITE of writeback counts as whole: fsync(2) says yes, and the rest is lost', async (context) => {
    const { actor, at, client, arm } = await faultyMount(context, devFuseTransport);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    await arm('short 4096 write');
    assert.equal(await actor.do('write', fd, content, 0), size);
    assert.equal(await actor.do('fsync', fd), 0);
    await client.clearFaults();
    assert.ok(Buffer.from(await actor.ok('read', fd, size, 0)).equals(content), 'the page cache has it all');
    await actor.ok('dropCache', fd);
    const stored = Buffer.from(await actor.ok('read', fd, size, 0));
    assert.equal(stored.length, size);
    assert.ok(stored.subarray(0, 4096).equals(content.subarray(0, 4096)));
    assert.ok(stored.subarray(4096).equals(zeros.subarray(4096)));
  });

  test('a short READ ends the file without the writeback cache', async (context) => {
    const { actor, at, arm } = await faultyMount(context, devFuseTransport, '--no-writeback-cache');
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    await actor.ok('write', fd, content, 0);
    await actor.ok('dropCache', fd);
    await arm('short 4096 read');
    const read = Buffer.from(await actor.ok('read', fd, size, 0));
    assert.ok(read.equals(content.subarray(0, 4096)), `${read.length} bytes`);
  });
});
