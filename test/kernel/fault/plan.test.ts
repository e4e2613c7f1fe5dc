/** Fault plans on a real mount: carried out as written, seen by the kernel in that order, and played again. */
import assert from 'node:assert/strict';
import { constants, writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import type { HeldAnswer } from '../../../src/control/contract/held.js';
import type { PlanStatus } from '../../../src/control/contract/plans.js';
import { TraceInstance } from '../../../src/kernel/tracefs.js';
import { Opcode } from '../../../src/protocol/opcode.js';
import { eventually } from '../../support/eventually.js';
import { MountPlace, mounted } from '../../support/mounted.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { tracingFor } from '../../support/tracefs.js';

const { O_CREAT, O_DIRECT, O_RDONLY, O_RDWR } = constants;

const nrWrites = 64;
/** Small, so that the dirty limits of a small machine let all of it be dirty at once. */
const maxPages = 4;
const fileBytes = nrWrites * maxPages * 4096;

async function json<T>(place: MountPlace, ...words: readonly string[]): Promise<T> {
  const result = await place.cli(...words, '--json');
  assert.equal(result.status, 0, `${words.join(' ')}: ${result.stderr}${result.stdout}`);
  return JSON.parse(result.stdout) as T;
}

function planFile(place: MountPlace, plan: unknown): string {
  const path = place.outside('plan.json');
  writeFileSync(path, JSON.stringify(plan));
  return path;
}

/**
 * What the kernel's own tracepoints say of one connection: uniques of its WRITEs in the order of their end.
 * Undefined for a kernel without them.
 */
function endedWrites(context: TestContext, connection: number): (() => bigint[]) | undefined {
  let instance: TraceInstance | undefined;
  context.after(() => instance?.remove());
  instance = TraceInstance.create(tracingFor(context), `stuckfs-plan-${process.pid}`);
  const trace = instance;
  const events = ['fuse_request_send', 'fuse_request_end'].map((event) => ({ system: 'fuse', event }));
  if (!events.every((event) => trace.hasEvent(event))) return undefined;
  // The times of two CPUs are not the order of events.
  trace.setTraceClock('counter');
  for (const event of events) trace.enableEvent(event);
  const uniquesOf = (text: string, event: string, rest: string) =>
    Array.from(
      text.matchAll(new RegExp(`${event}: connection ${connection} req (\\d+) ${rest}`, 'g')),
      ([, unique]) => BigInt(unique ?? 0),
    );
  return () => {
    const text = trace.readTrace();
    const writes = new Set(uniquesOf(text, 'fuse_request_send', `opcode ${Opcode.FUSE_WRITE} `));
    return uniquesOf(text, 'fuse_request_end', 'len').filter((unique) => writes.has(unique));
  };
}

async function waitForPhase(place: MountPlace, name: string): Promise<PlanStatus> {
  return eventually(`the phase ${name}`, 20_000, async () => {
    const status = await json<PlanStatus>(place, 'plan', 'status');
    return status.phases.some((phase) => phase.name === name && phase.state === 'current') && status;
  });
}

describe('a fault plan on a mount', requires(root, devFuse), () => {
  test('64 WRITEs held, a wait, half released newest first, then READ fails, then all is let go', async (context) => {
    const { place, ready, actor, at } = await mounted(context, '--max-pages', `${maxPages}`);
    const reading = place.actor();
    await actor.ok('writeFile', at('other'), Buffer.alloc(4096, 0x62));
    const reader = await reading.ok('open', at('other'), O_RDONLY | O_DIRECT);
    const path = planFile(place, {
      phases: [
        {
          name: 'wedge',
          faults: ['hold write path=/file'],
          until: { held: { count: nrWrites, opcodes: ['write'], path: '/file' } },
          steps: [{ wait: '300ms' }, { release: { fraction: 0.5, order: 'reversed' } }],
        },
        {
          name: 'broken reads',
          faults: ['fail EIO read path=/other'],
          until: { requests: { count: 1, opcodes: ['read'] } },
          steps: ['release'],
        },
      ],
    });
    const ended = endedWrites(context, ready.connection);
    const started = await json<PlanStatus>(place, 'plan', 'run', path);
    assert.equal(started.state, 'running');
    assert.equal(started.waitsFor, 'at least 64 WRITE of /file to be held');

    const data = Buffer.alloc(fileBytes, 0x61);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    const written = actor.do('write', fd, data, 0);
    const fsync = actor.do('fsync', fd);
    const [wedge] = (await waitForPhase(place, 'broken reads')).phases;
    assert.ok((wedge?.endedMs ?? 0) >= 300, 'it has waited');
    const released = wedge?.released ?? 0;
    const left = (await json<HeldAnswer>(place, 'held')).held.map(({ unique }) => BigInt(unique));
    assert.ok(released + left.length >= nrWrites);
    assert.equal(released, Math.ceil((released + left.length) / 2), 'half of what was held');

    await reading.refuses('EIO', 'read', reader, 4096, 0);
    assert.equal(await written, fileBytes);
    assert.equal(await fsync, 0);
    const { state, phases } = await json<PlanStatus>(place, 'plan', 'status');
    assert.deepEqual([state, phases[1]?.released], ['finished', left.length]);
    assert.deepEqual((await json<{ faults: unknown[] }>(place, 'fault', 'list')).faults, []);
    assert.equal((await reading.ok('read', reader, 4096, 0)).length, 4096, 'reads work again');
    assert.ok(Buffer.from(await actor.ok('read', fd, fileBytes, 0)).equals(data));

    const inOrder = ended?.();
    if (inOrder === undefined) return context.diagnostic('no tracepoints of fuse: the order was not seen');
    const newerHalf = inOrder.slice(0, released);
    const newestFirst = newerHalf.toSorted((one, other) => Number(other - one));
    assert.deepEqual(newerHalf, newestFirst, 'newest first');
    assert.ok((newerHalf.at(-1) ?? 0n) > (left.at(-1) ?? 0n), 'and older ones were left');
    const wasLeft = new Set(left);
    assert.deepEqual(
      inOrder.filter((unique) => wasLeft.has(unique)),
      left,
      'the rest oldest first',
    );
  });

  test('the same seed makes the same choices, in a mount that the plan began with and in a replay', async (context) => {
    const place = new MountPlace(context);
    const flip = {
      seed: 7,
      phases: [
        {
          name: 'flip',
          faults: ['fail EIO getxattr probability=0.5'],
          until: { requests: { count: 64, opcodes: ['getxattr'] } },
        },
      ],
    };
    const path = planFile(place, flip);
    await place.mount('--plan', path, '--seed', '3');
    const actor = place.actor();
    const choices = async () => {
      const answers: unknown[] = [];
      for (let nr = 0; nr < 64; nr++) answers.push(await actor.do('getxattr', place.mountPoint, 'user.none'));
      return answers;
    };
    const first = await choices();
    assert.deepEqual(new Set(first), new Set([-Errno.EIO, -Errno.ENODATA]));
    const over = await json<PlanStatus>(place, 'plan', 'status');
    assert.deepEqual([over.state, over.seed], ['finished', 7]);

    await json(place, 'plan', 'run', path);
    assert.deepEqual(await choices(), first);
    await json(place, 'plan', 'run', planFile(place, { ...flip, seed: 8 }));
    assert.notDeepEqual(await choices(), first);
  });

  test('stop leaves nothing armed and plugs; a plan on the mount itself is refused without a look', async (context) => {
    const { place, actor, at } = await mounted(context);
    const path = planFile(place, {
      phases: [
        { name: 'pulled', steps: ['unplug'] },
        { name: 'for ever', faults: ['hold'], until: 'never' },
      ],
    });
    await json(place, 'plan', 'run', path);
    const waiting = actor.do('getxattr', at('.'), 'user.none');
    await json(place, 'held', '--wait-for', '1');
    const again = await place.cli('plan', 'run', path);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /another plan runs/);
    const onMount = await place.cli('plan', 'check', at('plan.yaml'));
    assert.equal(onMount.status, 2);
    assert.match(onMount.stderr, /lies on the stuckfs mount/);
    assert.equal((await json<PlanStatus>(place, 'plan', 'stop')).state, 'stopped');
    assert.equal(await waiting, -Errno.ENODATA);
    assert.deepEqual((await json<{ faults: unknown[] }>(place, 'fault', 'list')).faults, []);
  });

  test('plan run --wait comes back at the end', async (context) => {
    const { place } = await mounted(context);
    const path = planFile(place, {
      phases: [{ name: 'slow', faults: ['delay fixed:1ms'], until: { after: '200ms' } }],
    });
    const status = await json<PlanStatus>(place, 'plan', 'run', '--wait', '--timeout', '20s', path);
    assert.equal(status.state, 'finished');
    assert.ok((status.phases[0]?.endedMs ?? 0) >= 200);
  });
});
