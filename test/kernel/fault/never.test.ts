/**
 * The action `never`: a release passes over it unless it is named; an abort ends it.  Its other ends are in
 * unplug.test.ts.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { faultyMount } from '../../support/faulty-mount.js';
import { requires } from '../../support/requirement.js';
import { transports } from '../../support/transports.js';

for (const transport of transports) {
  describe(`never over ${transport.name}`, requires(...transport.needs), () => {
    const setUp = async (context: Parameters<typeof faultyMount>[0]) => {
      const mount = await faultyMount(context, transport);
      const { place, actor, at, arm, held } = mount;
      await actor.ok('writeFile', at('file'), Buffer.from('x'));
      const faultId = await arm('never getxattr path=/file');
      let nrHeld = 0;
      /** A process more that waits for ever. */
      const wedge = async () => {
        const waiting = place.actor().do('getxattr', at('file'), 'user.none');
        nrHeld += 1;
        const list = await held(nrHeld);
        return { waiting, unique: list.at(-1)?.unique ?? '' };
      };
      return { ...mount, faultId, wedge };
    };

    test('release passes over it, unless by its unique, its fault or never', async (context) => {
      const { client, place, actor, at, arm, held, faultId, wedge } = await setUp(context);
      const first = await wedge();
      const second = await wedge();
      const third = await wedge();
      await arm('hold setxattr path=/file');
      const other = place.actor().do('setxattr', at('file'), 'user.a', Buffer.from('b'));
      await held(4);
      assert.deepEqual(await client.release(), { released: 1, bytes: 0, remaining: 3 });
      assert.equal(await other, 0);
      assert.equal((await client.release({ opcodes: ['getxattr'], path: '/file' })).released, 0);
      const byCommand = await place.cli('release');
      assert.match(byCommand.stdout, /^0 requests released, .* 3 still held/);
      const list = await held(3);
      assert.deepEqual(
        list.map(({ unique }) => unique),
        [first, second, third].map(({ unique }) => unique),
      );
      assert.match(list[0]?.reason ?? '', /never GETXATTR/);

      assert.equal((await client.release({ uniques: [first.unique] })).released, 1);
      assert.equal(await first.waiting, -Errno.ENODATA);
      assert.equal((await client.release({ faultId, count: 1 })).released, 1);
      assert.equal(await second.waiting, -Errno.ENODATA);
      const named = await place.cli('release', '--never');
      assert.match(named.stdout, /^1 request released, .* 0 still held/);
      assert.equal(await third.waiting, -Errno.ENODATA);
      assert.equal(String(await actor.ok('readFile', at('file'))), 'x');
    });

    test('an abort of the connection ends it', async (context) => {
      const { place, ready, wedge } = await setUp(context);
      const { waiting } = await wedge();
      writeFileSync(`/sys/fs/fuse/connections/${ready.connection}/abort`, '1');
      const answer = await waiting;
      assert.ok(answer === -Errno.ECONNABORTED || answer === -Errno.ENOTCONN, `answer ${answer}`);
      await place.gone();
    });
  });
}
