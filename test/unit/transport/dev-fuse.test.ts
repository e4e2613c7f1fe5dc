import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, type TestContext, test } from 'node:test';
import type { Unique } from '../../../src/base/branded.js';
import { Errno } from '../../../src/base/errno.js';
import { InitFlags } from '../../../src/protocol/init-flags.js';
import { Opcode } from '../../../src/protocol/opcode.js';
import { type Negotiated, notNegotiated, type Request } from '../../../src/protocol/request.js';
import { eventfd, eventfdClose, eventfdSignal } from '../../../src/syscall/eventfd.js';
import { PollSet } from '../../../src/syscall/poll.js';
import { DevFuse, meaningOfFailedRead } from '../../../src/transport/dev-fuse.js';
import type { RequestHandler } from '../../../src/transport/transport.js';
import { cstring, u32, u64, zeros } from '../../support/bytes.js';
import { fuseMessage } from '../../support/fuse-message.js';
import { SocketPair } from './socket-pair.js';

/** The loop blocks the thread of the test: it must come round by itself before the runner ends it. */
const DEADLINE_MS = 10_000;

/** Notes what it is told. The connection is cut at the wake that `endAfterWakes` counts to. */
class Recorder implements RequestHandler {
  readonly told: string[] = [];
  readonly requests: Request[] = [];
  readonly messages: Buffer[] = [];
  wakes = 0;
  endAfterWakes = 1;
  endWhen = () => this.wakes === this.endAfterWakes;
  deadlineMs = Number.POSITIVE_INFINITY;

  constructor(private readonly cut: () => void) {}

  onRequest(request: Request, message: Buffer): void {
    this.told.push(`request ${request.unique}`);
    this.requests.push(request);
    this.messages.push(Buffer.from(message));
  }

  onBadMessage(error: Error & { code?: string }, unique: Unique | undefined): void {
    this.told.push(`bad ${error.code} ${unique}`);
  }

  onWake(): void {
    this.told.push('wake');
    this.wakes += 1;
    if (this.endWhen()) this.cut();
  }

  onIdle(): void {}

  nextDeadlineMs(): number {
    return this.deadlineMs;
  }
}

function setUp(t: TestContext, negotiated: () => Negotiated = () => notNegotiated) {
  const pair = new SocketPair(t);
  const wakeFd = eventfd();
  t.after(() => eventfdClose(wakeFd));
  const device = new DevFuse({ fd: pair.fd, wakeFd, maxWriteBytes: 1 << 17, negotiated });
  // A reply that the peer never reads makes its end a reset: read(2) then fails, as it does when FUSE ends.
  const handler = new Recorder(() => {
    device.replies.empty(0n as Unique);
    pair.closePeer();
  });
  return { pair, wakeFd, device, handler };
}

const lookup = (unique: number) => fuseMessage('FUSE_LOOKUP', { unique }, cstring('a'));

describe('DevFuse.serve', () => {
  test('hands on every request in order before it waits, and ends with the errno that read(2) gives', (t) => {
    const { pair, wakeFd, device, handler } = setUp(t);
    for (const unique of [2, 4, 6]) pair.send(lookup(unique));
    eventfdSignal(wakeFd);
    assert.deepEqual(device.serve(handler), { errno: Errno.ECONNRESET });
    assert.deepEqual(handler.told, ['request 2', 'request 4', 'request 6', 'wake']);
  });

  test('gives with each request the bytes that it came as', (t) => {
    const { pair, wakeFd, device, handler } = setUp(t);
    const data = Buffer.alloc(1 << 17, 0x5a);
    const write = fuseMessage(
      'FUSE_WRITE',
      { unique: 8 },
      ...[u64(1), u64(4096), u32(data.length), u32(1), u64(0), u32(0), zeros(4), data],
    );
    pair.send(lookup(2));
    pair.send(write);
    eventfdSignal(wakeFd);
    device.serve(handler);
    assert.deepEqual(handler.messages, [lookup(2), write], 'the largest WRITE fits into its buffer');
  });

  test('reads requests by what INIT has agreed on at that moment', (t) => {
    let flags = 0n;
    const { pair, wakeFd, device, handler } = setUp(t, () => ({ minor: 45, flags }));
    const compat = fuseMessage(
      'FUSE_SETXATTR',
      { unique: 2 },
      u32(1),
      u32(0),
      cstring('user.a'),
      Buffer.from('x'),
    );
    const extended = fuseMessage(
      'FUSE_SETXATTR',
      { unique: 4 },
      ...[u32(1), u32(0), u32(0), u32(0), cstring('user.a'), Buffer.from('x')],
    );
    pair.send(compat);
    pair.send(extended);
    const onRequest = handler.onRequest.bind(handler);
    handler.onRequest = (request, message) => {
      onRequest(request, message);
      flags = InitFlags.FUSE_SETXATTR_EXT;
    };
    eventfdSignal(wakeFd);
    device.serve(handler);
    assert.deepEqual(
      handler.requests.map((request) => request.opcode === Opcode.FUSE_SETXATTR && request.name),
      ['user.a', 'user.a'],
    );
  });

  test('hands on a message that it cannot read with the unique that wants an answer, and goes on', (t) => {
    const { pair, wakeFd, device, handler } = setUp(t);
    pair.send(fuseMessage(9999, { unique: 2 }));
    pair.send(Buffer.alloc(8, 1));
    pair.send(fuseMessage('FUSE_LOOKUP', { unique: 4 }, Buffer.from('no NUL')));
    pair.send(lookup(6));
    eventfdSignal(wakeFd);
    device.serve(handler);
    assert.deepEqual(handler.told, [
      'bad UNKNOWN_OPCODE 2',
      'bad TRUNCATED undefined',
      'bad TRUNCATED 4',
      'request 6',
      'wake',
    ]);
  });

  test('does not swallow what the handler throws', (t) => {
    const { pair, device, handler } = setUp(t);
    pair.send(lookup(2));
    handler.onRequest = () => {
      throw new RangeError('of the handler');
    };
    assert.throws(() => device.serve(handler), RangeError);
  });

  test('comes out of its wait when it is woken, and not again for the same signal', (t) => {
    const { wakeFd, device, handler } = setUp(t);
    // Another process signals the eventfd while this thread is in poll(2): the 8 bytes of a 1.
    const signal = 'sleep 0.2; printf "\\001\\000\\000\\000\\000\\000\\000\\000" >&3';
    spawn('sh', ['-c', signal], { stdio: ['ignore', 'ignore', 'inherit', wakeFd] });
    const startMs = performance.now();
    handler.deadlineMs = startMs + DEADLINE_MS;
    device.serve(handler);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs >= 150 && tookMs < DEADLINE_MS, `woke after ${tookMs} ms`);
    assert.deepEqual(handler.told, ['wake']);
    const poll = new PollSet([wakeFd]);
    assert.equal(poll.wait(0), 0, 'the signal has been taken');
  });

  test('wakes at the deadline, and does not spin until it comes', (t) => {
    const { device, handler } = setUp(t);
    handler.deadlineMs = performance.now() + 60.5;
    // A wake that is early is no harm, as the engine looks at the time itself; a loop that spins would be.
    handler.endWhen = () => performance.now() >= handler.deadlineMs;
    device.serve(handler);
    assert.ok(performance.now() < handler.deadlineMs + DEADLINE_MS / 2);
    assert.ok(handler.wakes <= 3, `${handler.wakes} wakes`);
  });

  test('wakes at once for a deadline that has passed', (t) => {
    const { device, handler } = setUp(t);
    handler.deadlineMs = performance.now() - 1000;
    device.serve(handler);
    assert.equal(handler.wakes, 1);
  });

  test('does not spin on a deadline that is further away than poll(2) can count', (t) => {
    const { wakeFd, device, handler } = setUp(t);
    handler.deadlineMs = performance.now() + 2 ** 40;
    const signal = 'sleep 0.2; printf "\\001\\000\\000\\000\\000\\000\\000\\000" >&3';
    spawn('sh', ['-c', signal], { stdio: ['ignore', 'ignore', 'inherit', wakeFd] });
    const startMs = performance.now();
    device.serve(handler);
    assert.ok(performance.now() - startMs >= 150, 'it waited for the signal');
  });

  test('wakes between requests that never stop coming', (t) => {
    const { pair, device, handler } = setUp(t);
    // Each request brings the next one, so that the queue is never empty before the connection is cut.
    let unique = 2;
    handler.onRequest = () => {
      if (handler.wakes > 0 || unique > 2000) return;
      unique += 2;
      pair.send(lookup(unique));
    };
    pair.send(lookup(unique));
    handler.deadlineMs = performance.now() + DEADLINE_MS;
    device.serve(handler);
    assert.ok(unique < 2000, `no wake in ${unique / 2} requests`);
  });
});

describe('meaningOfFailedRead', () => {
  test('goes on after a request that was interrupted in the queue, and after a signal', () => {
    assert.equal(meaningOfFailedRead(Errno.ENOENT), 'again');
    assert.equal(meaningOfFailedRead(Errno.EINTR), 'again');
  });

  test('waits when there is none, and tells the ends of a connection apart', () => {
    assert.equal(meaningOfFailedRead(Errno.EAGAIN), 'empty');
    assert.equal(meaningOfFailedRead(Errno.ENODEV), 'unmounted');
    assert.equal(meaningOfFailedRead(Errno.ECONNABORTED), 'aborted');
    assert.deepEqual(meaningOfFailedRead(Errno.EIO), { errno: Errno.EIO });
  });
});
