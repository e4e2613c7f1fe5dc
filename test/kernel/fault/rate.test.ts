/** A delay by rate: acks come one after the other, so many bytes a second, and the data is whole. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { describe, test } from 'node:test';
import { countOf, faultyMount } from '../../support/faulty-mount.js';
import { requires } from '../../support/requirement.js';
import { transports } from '../../support/transports.js';

const { O_CREAT, O_DIRECT, O_RDWR } = constants;
const size = 256 << 10;
const content = Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
/** Timers and clocks of two processes are compared. */
const toleranceMs = 5;

for (const transport of transports) {
  describe(`delay by rate over ${transport.name}`, requires(...transport.needs), () => {
    test('WRITEs that are out at once are acked one after the other', async (context) => {
      const options = transport.name === 'dev-fuse' ? ['--max-pages', '16'] : [];
      const { actor, at, client, arm } = await faultyMount(context, transport, ...options);
      const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
      await arm('delay rate:512K write');
      const startMs = performance.now();
      assert.equal(await actor.do('write', fd, content, 0), size);
      assert.equal(await actor.do('fsync', fd), 0);
      const tookMs = performance.now() - startMs;
      // Each of them by itself would take its share of the half second.
      assert.ok((await countOf(client, 'FUSE_WRITE')) >= 2);
      assert.ok(tookMs >= 500 - toleranceMs, `256 KiB at 512 KiB/s in ${tookMs} ms`);
      await client.clearFaults();
      await actor.ok('dropCache', fd);
      assert.ok(Buffer.from(await actor.ok('read', fd, size, 0)).equals(content));
    });

    test('READs take their time by what they ask for, and go on at once without the fault', async (context) => {
      const { actor, at, client, arm } = await faultyMount(context, transport);
      const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR | O_DIRECT);
      await actor.ok('write', fd, content, 0);
      const timed = async () => {
        const startMs = performance.now();
        const read = Buffer.from(await actor.ok('read', fd, 64 << 10, 0));
        assert.ok(read.equals(content.subarray(0, 64 << 10)));
        return performance.now() - startMs;
      };
      await arm('delay rate:128K read');
      const slowMs = await timed();
      assert.ok(slowMs >= 500 - toleranceMs, `64 KiB at 128 KiB/s in ${slowMs} ms`);
      await client.clearFaults();
      const freeMs = await timed();
      assert.ok(freeMs < slowMs, `${freeMs} ms without the fault, ${slowMs} ms with it`);
    });
  });
}
