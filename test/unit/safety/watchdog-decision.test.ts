import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide, type WatchdogView } from '../../../src/safety/watchdog-decision.js';

const healthy: WatchdogView = {
  maxHoldMs: 10_000,
  heartbeatAtMs: 1000,
  oldestHeldMs: null,
  daemon: 'alive',
  leash: 'held',
  hasAborted: false,
};

test('a daemon that holds nothing and says so is left alone', () => {
  assert.deepEqual(decide(healthy, 1000), { kind: 'wait', untilMs: 11_000 });
  assert.deepEqual(decide(healthy, 11_000), { kind: 'wait', untilMs: 11_000 });
});

test('a request is held too long from its own age on, whenever that was told', () => {
  const view = { ...healthy, oldestHeldMs: 4000 };
  assert.deepEqual(decide(view, 7000), { kind: 'wait', untilMs: 7000 });
  assert.deepEqual(decide(view, 7001), { kind: 'abort', reason: 'held-too-long' });
  assert.deepEqual(decide({ ...view, oldestHeldMs: 10_001 }, 1000), {
    kind: 'abort',
    reason: 'held-too-long',
  });
});

test('silence for as long as the longest hold is a hung daemon', () => {
  assert.deepEqual(decide(healthy, 11_001), { kind: 'abort', reason: 'no-heartbeat' });
});

test('a daemon that is silent for ten seconds is a hung one, however long it may hold', () => {
  const view = { ...healthy, maxHoldMs: 24 * 3600_000 };
  assert.deepEqual(decide(view, 11_000), { kind: 'wait', untilMs: 11_000 });
  assert.deepEqual(decide(view, 11_001), { kind: 'abort', reason: 'no-heartbeat' });
});

test('on a slow machine a daemon may be silent for longer, and a request is held no longer', () => {
  const view = { ...healthy, maxHoldMs: 30_000, patience: 8 };
  assert.deepEqual(decide(view, 81_000), { kind: 'wait', untilMs: 81_000 });
  assert.deepEqual(decide(view, 81_001), { kind: 'abort', reason: 'no-heartbeat' });
  assert.deepEqual(decide({ ...view, oldestHeldMs: 29_000 }, 2001), {
    kind: 'abort',
    reason: 'held-too-long',
  });
});

test('a short longest hold does not make a heartbeat that is a little late the death of a daemon', () => {
  const view = { ...healthy, maxHoldMs: 100 };
  assert.deepEqual(decide(view, 1600), { kind: 'wait', untilMs: 3000 });
  assert.deepEqual(decide(view, 3001), { kind: 'abort', reason: 'no-heartbeat' });
  assert.deepEqual(decide({ ...view, oldestHeldMs: 0 }, 1101), { kind: 'abort', reason: 'held-too-long' });
});

test('the death of the daemon or of the runner aborts first and then ends with a cleanup', () => {
  const daemonDied = { ...healthy, daemon: 'died' as const };
  assert.deepEqual(decide(daemonDied, 1000), { kind: 'abort', reason: 'daemon-died' });
  assert.deepEqual(decide({ ...daemonDied, hasAborted: true }, 1000), {
    kind: 'finish',
    because: 'daemon-died',
  });
  const runnerDied = { ...healthy, leash: 'dropped' as const };
  assert.deepEqual(decide(runnerDied, 1000), { kind: 'abort', reason: 'runner-died' });
  assert.deepEqual(decide({ ...runnerDied, hasAborted: true }, 1000), {
    kind: 'finish',
    because: 'runner-died',
  });
  assert.deepEqual(decide({ ...runnerDied, daemon: 'bye' }, 1000), { kind: 'abort', reason: 'runner-died' });
});

test('a daemon that said bye is not aborted for its silence, nor for its end', () => {
  assert.equal(decide({ ...healthy, daemon: 'bye', oldestHeldMs: 5 }, 1e9).kind, 'wait');
  assert.deepEqual(decide({ ...healthy, daemon: 'ended-after-bye', leash: 'dropped' }, 1e9), {
    kind: 'finish',
    because: 'daemon-ended',
  });
});

test('after an abort it waits for an end, however old the last heartbeat', () => {
  assert.equal(decide({ ...healthy, hasAborted: true, oldestHeldMs: 5 }, 1e9).kind, 'wait');
});

test('nothing that is held outlives the longest hold, for any heartbeat, age and time', () => {
  fc.assert(
    fc.property(
      fc.record({ maxHoldMs: fc.integer({ min: 1, max: 1e6 }), held: fc.integer({ min: 0, max: 2e6 }) }),
      fc.integer({ min: 0, max: 2e6 }),
      ({ maxHoldMs, held }, sinceMs) => {
        const decision = decide(
          { ...healthy, maxHoldMs, oldestHeldMs: held },
          healthy.heartbeatAtMs + sinceMs,
        );
        if (held + sinceMs > maxHoldMs) assert.equal(decision.kind, 'abort');
        else if (sinceMs <= 2000) assert.equal(decision.kind, 'wait');
        // It never sleeps past the moment at which it has to abort.
        if (decision.kind === 'wait') {
          assert.ok(decision.untilMs <= healthy.heartbeatAtMs + maxHoldMs - held);
        }
      },
    ),
  );
});

test('a death that its runner announced is left alone for a while, as long as the runner lives', () => {
  const view = { ...healthy, daemon: 'died' as const, diedAtMs: 1000, deathGraceMs: 3000 };
  assert.deepEqual(decide(view, 3999), { kind: 'wait', untilMs: 4000 });
  assert.deepEqual(decide(view, 4000), { kind: 'abort', reason: 'daemon-died' });
  assert.deepEqual(decide({ ...view, leash: 'dropped' }, 1000), { kind: 'abort', reason: 'daemon-died' });
  assert.deepEqual(decide({ ...view, leash: 'none' }, 1000), { kind: 'abort', reason: 'daemon-died' });
  // Not announced, announced and not died, or for longer than is good.
  assert.equal(decide({ ...healthy, daemon: 'died', diedAtMs: 1000 }, 1000).kind, 'abort');
  assert.equal(decide({ ...healthy, deathGraceMs: 3000, oldestHeldMs: 0 }, 11_001).kind, 'abort');
  assert.equal(decide({ ...view, deathGraceMs: 1e9 }, 6000).kind, 'abort');
});
