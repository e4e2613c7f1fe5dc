/** unplug and plug: everything waits, nothing is answered twice, nothing is lost; and no end of it is missed. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { describe, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { eventually } from '../../support/eventually.js';
import { faultyMount } from '../../support/faulty-mount.js';
import { requires } from '../../support/requirement.js';
import { transports } from '../../support/transports.js';

const { O_CREAT, O_RDWR } = constants;
/** What an aborted connection answers, with FUSE_ABORT_ERROR and without. */
const aborted = [-Errno.ECONNABORTED, -Errno.ENOTCONN];

for (const transport of transports) {
  describe(`unplug over ${transport.name}`, requires(...transport.needs), () => {
    const options = ['--attr-timeout', '0ms', '--entry-timeout', '0ms'];

    test('everything waits until plug; what a fault holds waits on', async (context) => {
      const { place, actor, at, client, arm, held } = await faultyMount(context, transport, ...options);
      const data = Buffer.alloc(1 << 20, 0x61);
      const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
      await actor.ok('writeFile', at('other'), Buffer.from('x'));
      const faultId = await arm('hold getxattr path=/other');
      const byFault = place.actor().do('getxattr', at('other'), 'user.none');
      await held(1);

      assert.deepEqual(await client.unplug(), { changed: true });
      assert.deepEqual(await client.unplug(), { changed: false });
      assert.match((await place.cli('status')).stdout, /unplugged/);
      assert.match(await client.metrics(), /^stuckfs_unplugged 1$/m);
      const looking = place.actor().do('stat', at('none'));
      const list = await held(2);
      assert.deepEqual([list[1]?.faultId, list[1]?.reason], [null, 'unplugged']);
      const listing = place.actor().do('list', at(''));
      await client.waitForHeld({ requests: 3, timeoutMs: 10_000 });
      const writing = actor.do('write', fd, data, 0).then(() => actor.do('fsync', fd));
      await client.waitForHeld({ requests: 4, timeoutMs: 10_000 });

      const { changed, remaining, released } = await client.plug();
      assert.deepEqual([changed, remaining], [true, 1], 'only what the fault holds is left');
      assert.ok(released >= 3, `${released} released`);
      assert.equal(await looking, -Errno.ENOENT);
      assert.deepEqual(await listing, ['file', 'other']);
      assert.equal(await writing, 0);
      assert.equal((await client.status()).unplugged, false);
      const again = await client.plug();
      assert.deepEqual(again, { changed: false, released: 0, bytes: 0, remaining: 1 });
      assert.equal((await client.release({ faultId })).released, 1);
      assert.equal(await byFault, -Errno.ENODATA);
      await client.clearFaults();
      await actor.ok('dropCache', fd);
      assert.ok(Buffer.from(await actor.ok('read', fd, data.length, 0)).equals(data));
    });

    test('a release while unplugged lets go of what is held; what comes next is held again', async (context) => {
      const { place, actor, at, client, held } = await faultyMount(context, transport, ...options);
      await actor.ok('writeFile', at('file'), Buffer.from('x'));
      await client.unplug();
      const first = place.actor().do('list', at(''));
      await held(1);
      assert.equal((await client.release()).released, 1);
      // The listing asks for more than one thing.
      await held(1);
      assert.equal((await client.plug()).changed, true);
      assert.deepEqual(await first, ['file']);
    });

    test('the watchdog counts it: past the maximum hold the connection is aborted', async (context) => {
      const mount = await faultyMount(context, transport, '--max-hold', '2s', ...options);
      const { place, actor, at, client } = mount;
      await client.unplug();
      const answer = await actor.do('stat', at('none'));
      assert.ok(aborted.includes(Number(answer)), `answer ${answer}`);
      await place.gone();
    });

    test('the death of the watchdog ends it, and what holds for ever', async (context) => {
      const { place, ready, actor, at, client, arm, held } = await faultyMount(
        context,
        transport,
        ...options,
      );
      await actor.ok('writeFile', at('file'), Buffer.from('x'));
      await arm('never getxattr path=/file');
      const wedged = place.actor().do('getxattr', at('file'), 'user.none');
      await held(1);
      await client.unplug();
      const cut = actor.do('stat', at('none'));
      await held(2);
      process.kill(ready.watchdogPid, 'SIGKILL');
      assert.equal(await wedged, -Errno.ENODATA);
      assert.equal(await cut, -Errno.ENOENT);
      const next = await eventually('another watchdog', 10_000, async () => {
        const { watchdogPid, unplugged } = await client.status();
        assert.equal(unplugged, false);
        return watchdogPid !== ready.watchdogPid && watchdogPid !== null && watchdogPid;
      });
      place.watch(next);
    });

    for (const way of ['unmount', 'rescue'] as const) {
      test(`${way} of an unplugged mount that also holds for ever answers everybody`, async (context) => {
        const { place, actor, at, client, arm, held } = await faultyMount(context, transport, ...options);
        await actor.ok('writeFile', at('file'), Buffer.from('x'));
        await arm('never getxattr path=/file');
        const wedged = place.actor().do('getxattr', at('file'), 'user.none');
        await held(1);
        await client.unplug();
        const cut = place.actor().do('stat', at('none'));
        await held(2);
        const words =
          way === 'unmount' ? ['unmount', '--force', place.mountPoint] : ['rescue', '-m', place.mountPoint];
        const result = await place.cli(...words);
        assert.equal(result.status, 0, result.stderr);
        assert.equal(await wedged, -Errno.ENODATA);
        // It may have had more to ask for, of a connection that is no more.
        const answer = Number(await cut);
        assert.ok(answer === -Errno.ENOENT || aborted.includes(answer), `answer ${answer}`);
        await place.gone();
      });
    }
  });
}
