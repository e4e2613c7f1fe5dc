/** Server-sent events of a real daemon: in the order in which things happened, and no hindrance to its end. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { describe, test } from 'node:test';
import { connect } from '../../../src/control/client/client.js';
import type { ControlEvent, EventName } from '../../../src/control/contract/events.js';
import { eventually } from '../../support/eventually.js';
import { mounted } from '../../support/mounted.js';
import { devFuse, requires, root } from '../../support/requirement.js';

const deadlineMs = 60_000;

/** Takes events until one fits, which it gives back with those before it. */
async function until(
  iterator: AsyncIterator<ControlEvent>,
  fits: (event: ControlEvent) => boolean,
): Promise<ControlEvent[]> {
  const seen: ControlEvent[] = [];
  for (;;) {
    const next = await iterator.next();
    assert.ok(!next.done, `the events ended after ${JSON.stringify(seen)}`);
    seen.push(next.value);
    if (fits(next.value)) return seen;
  }
}

const isHeld = (requests: number) => (event: ControlEvent) =>
  event.event === 'held' && event.data.requests === requests;
const names = (events: readonly ControlEvent[]): EventName[] => events.map(({ event }) => event);

describe('events of a daemon', requires(root, devFuse), () => {
  test('tell what happened on the mount, from the state to the end', async (context) => {
    const { place, ready, actor, at } = await mounted(context);
    const client = connect({ socketPath: ready.socketPath });
    const signal = AbortSignal.timeout(deadlineMs);
    const iterator = client.events({ signal })[Symbol.asyncIterator]();
    const [state] = await until(iterator, () => true);
    const nothing = { requests: 0, bytes: 0, byOpcode: {} };
    assert.deepEqual(state?.data, { held: nothing, faults: [], unplugged: false });

    const fault = await client.addFault({ match: { opcodes: ['write'] }, action: { type: 'hold' } });
    const fd = await actor.ok('open', at('file'), constants.O_CREAT | constants.O_RDWR);
    await actor.ok('write', fd, Buffer.alloc(3 << 20, 1), 0);
    const fsync = actor.do('fsync', fd);
    const holding = await until(iterator, isHeld(3));
    assert.deepEqual([holding[0]?.event, holding[0]?.data], ['fault-added', fault]);
    assert.deepEqual(holding.at(-1)?.data, { requests: 3, bytes: 3 << 20, byOpcode: { FUSE_WRITE: 3 } });

    // One that comes later is told the same at once.
    const [later] = await until(client.events({ signal })[Symbol.asyncIterator](), () => true);
    const held = { requests: 3, bytes: 3 << 20, byOpcode: { FUSE_WRITE: 3 } };
    assert.deepEqual(later?.data, { held, faults: [fault], unplugged: false });

    await client.release({ count: 1 });
    await client.clearFaults();
    await client.release();
    assert.equal(await fsync, 0);
    const releasing = await until(iterator, isHeld(0));
    assert.deepEqual(
      names(releasing).filter((name) => name !== 'held'),
      ['released', 'fault-removed', 'released'],
    );

    await client.unplug();
    const stat = actor.do('statfs', place.mountPoint);
    const unplugged = await until(iterator, isHeld(1));
    assert.equal(unplugged[0]?.event, 'unplugged');
    await client.plug();
    await stat;
    assert.deepEqual(names(await until(iterator, ({ event }) => event === 'released')), [
      'plugged',
      'released',
    ]);

    await actor.end();
    await client.unmount();
    const last = (await until(iterator, ({ event }) => event === 'ended')).at(-1);
    assert.deepEqual(last?.data, { reason: 'unmounted' });
    assert.equal((await iterator.next()).done, true);
  });

  test('a listener that never reads does not keep the daemon from its end', async (context) => {
    const { place, ready } = await mounted(context);
    const mute = connectSocket(ready.socketPath);
    context.after(() => mute.destroy());
    mute.on('error', () => undefined);
    mute.write('GET /events HTTP/1.1\r\n\r\n');
    await eventually('it listens', deadlineMs, () => mute.bytesRead > 0);
    mute.pause();
    assert.equal((await place.cli('unmount', place.mountPoint)).status, 0);
    await place.gone();
  });
});
