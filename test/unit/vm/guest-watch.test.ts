/** Deadlines with a log that is made up: whose clock decides what. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type GivenUp, type GuestLimits, GuestWatch } from '../../../src/vm/guest-watch.js';

const limits: GuestLimits = { bootMs: 60_000, silenceMs: 30_000, deadlineGuestMs: 100_000, capMs: 900_000 };
const second = 1e9;

/** A host that looks every second; the guest's clock goes `rate` times as fast, and says so every `everyMs`. */
function watchFor(
  hostMs: number,
  { rate = 1, speaksFromMs = 5000, speaksUntilMs = Number.POSITIVE_INFINITY, consoleOnly = false },
): { readonly atMs: number; readonly givenUp: GivenUp } | undefined {
  const watch = new GuestWatch(limits, 0);
  for (let now = 0; now <= hostMs; now += 1000) {
    const guestNs = now * 1e6 * rate;
    if (now >= speaksFromMs && now < speaksUntilMs) watch.heard(now, guestNs);
    if (consoleOnly) watch.clock(guestNs);
    const givenUp = watch.look(now);
    if (givenUp !== undefined) return { atMs: now, givenUp };
  }
  return undefined;
}

describe('a guest', () => {
  test('that beats is not given up before its deadline', () => {
    assert.equal(watchFor(100_000, {}), undefined);
  });

  test('on a slow machine has its own time', () => {
    assert.equal(watchFor(600_000, { rate: 0.1 }), undefined);
  });

  test('is given up by its deadline, counted from its first word', () => {
    const { atMs, givenUp } = watchFor(200_000, {}) ?? {};
    assert.equal(givenUp?.code, 'VM_HUNG');
    assert.match(givenUp?.reason ?? '', /within 100 s of the guest's time/);
    assert.equal(atMs, 106_000);
  });

  test('whose clock stands still is given up by the cap', () => {
    const { atMs, givenUp } = watchFor(2_000_000, { rate: 0 }) ?? {};
    assert.match(givenUp?.reason ?? '', /within 900 s of the host's time/);
    assert.equal(atMs, 900_000);
  });

  test('that falls silent is given up, though its kernel still talks', () => {
    const { atMs, givenUp } = watchFor(200_000, { speaksUntilMs: 20_000, consoleOnly: true }) ?? {};
    assert.equal(givenUp?.code, 'VM_HUNG');
    assert.match(givenUp?.reason ?? '', /said nothing for 30 s/);
    assert.equal(atMs, 49_000);
  });

  test('that never speaks has not booted', () => {
    const { atMs, givenUp } = watchFor(200_000, { speaksFromMs: Number.POSITIVE_INFINITY }) ?? {};
    assert.equal(givenUp?.code, 'VM_BOOT');
    assert.equal(atMs, 60_000);
  });

  test('is not blamed for a runner that was stopped', () => {
    const watch = new GuestWatch(limits, 0);
    watch.heard(0, second);
    assert.equal(watch.look(1000), undefined);
    // SIGSTOP for an hour: what the guest said meanwhile is still to be read.
    assert.equal(watch.look(3_601_000), undefined);
    assert.equal(watch.look(3_602_000), undefined);
    assert.equal(watch.look(3_606_000), undefined);
    let now = 3_606_000;
    while (watch.look(now) === undefined) now += 1000;
    assert.ok(now < 3_640_000, `${now}`);
  });
});
