import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeadlineError, Deadlines } from '../../../src/scenario/deadlines.js';

const FAR_MS = 60_000;

function setUp(checkAlive: () => void = () => {}) {
  const controller = new AbortController();
  return { controller, deadlines: new Deadlines(controller.signal, checkAlive) };
}

const never = new Promise<never>(() => {});

describe('Deadlines', () => {
  it('waits until the condition is true, and looks first', async () => {
    const { deadlines } = setUp();
    let looks = 0;
    await deadlines.until('three', FAR_MS, async () => ++looks === 3);
    assert.equal(looks, 3);
    await deadlines.until('at once', 0, async () => true);
  });

  it('says what it waited for when the time is up', async () => {
    const { deadlines } = setUp();
    await assert.rejects(
      deadlines.until('64 held requests', 30, async () => false),
      (error) => error instanceof DeadlineError && /30 ms for 64 held requests/.test(error.message),
    );
  });

  it('breaks off when the run is interrupted, asleep or not', async () => {
    const { controller, deadlines } = setUp();
    const reason = new Error('SIGINT');
    const waits = [
      deadlines.until('nothing', FAR_MS, async () => false),
      deadlines.sleep(FAR_MS),
      deadlines.answer('nothing', FAR_MS, never),
    ];
    controller.abort(reason);
    for (const wait of waits) {
      await assert.rejects(wait, (error) => error === reason || (error as Error).cause === reason);
    }
    assert.throws(
      () => deadlines.check(),
      (error) => error === reason,
    );
  });

  it('breaks off when a child that it depends on is gone', async () => {
    let alive = true;
    const { deadlines } = setUp(() => {
      if (!alive) throw new Error('the workload was killed');
    });
    deadlines.check();
    const wait = deadlines.answer('its answer', FAR_MS, never);
    alive = false;
    await assert.rejects(wait, /the workload was killed/);
  });

  it('gives the answer, or the error, that came in time', async () => {
    const { deadlines } = setUp();
    assert.equal(await deadlines.answer('seven', FAR_MS, Promise.resolve(7)), 7);
    await assert.rejects(
      deadlines.answer('failure', FAR_MS, Promise.reject(new Error('of its own'))),
      /of its own/,
    );
    await assert.rejects(deadlines.answer('nothing', 10, never), DeadlineError);
  });

  it('waits between two looks as long as the look took, within bounds', async () => {
    const { deadlines } = setUp();
    const pauseMs = async (tookMs: number, leftMs: number) => {
      const startMs = performance.now();
      await deadlines.pause(startMs - tookMs, 5, leftMs);
      return performance.now() - startMs;
    };
    assert.ok((await pauseMs(80, FAR_MS)) >= 79);
    assert.ok((await pauseMs(0, FAR_MS)) >= 4);
    // A minute of looking is no reason to wait for another.
    assert.ok((await pauseMs(FAR_MS, FAR_MS)) < FAR_MS / 2);
    assert.ok((await pauseMs(FAR_MS, 0)) < FAR_MS / 2);
  });

  it('sleeps as long as it is told, and not at all below zero', async () => {
    const { deadlines } = setUp();
    const startMs = performance.now();
    await deadlines.sleep(-5);
    await deadlines.sleep(40);
    assert.ok(performance.now() - startMs >= 39);
  });
});
