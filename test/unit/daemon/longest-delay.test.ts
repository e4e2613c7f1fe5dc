import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestDelayMs } from '../../../src/daemon/longest-delay.js';
import type { Action } from '../../../src/fault/actions.js';
import { FaultSpec } from '../../../src/fault/fault.js';
import { FaultTable } from '../../../src/fault/table.js';
import { subjectOf } from '../fault/subject-of.js';

const longest = (action: Action) => longestDelayMs(action, 1 << 20);
const actionOf = (action: unknown) => FaultSpec.parse({ action }).action;
const delayed = (distribution: unknown) => actionOf({ type: 'delay', distribution });

test('a hold waits for somebody, so it has no delay of its own', () => {
  assert.equal(longest(actionOf({ type: 'hold' })), 0);
});

test('a fixed delay is itself, a uniform one its upper end', () => {
  assert.equal(longest(delayed({ kind: 'fixed', ms: 250 })), 250);
  assert.equal(longest(delayed({ kind: 'uniform', minMs: 10, maxMs: 70 })), 70);
});

test('at a rate it is what the largest request takes; fail, short and never have none', () => {
  assert.equal(longest(delayed({ kind: 'rate', bytesPerSecond: 1 << 19 })), 2000);
  for (const action of [{ type: 'fail', errno: 'EIO' }, { type: 'short', bytes: 1 }, { type: 'never' }]) {
    assert.equal(longest(actionOf(action)), 0);
  }
});

test('an exponential delay is hardly ever longer than 21 means', () => {
  const ms = longest(delayed({ kind: 'exponential', meanMs: 10 }));
  assert.ok(ms > 200 && ms < 220, `${ms} ms`);
});

test('no draw of a normal delay is longer than what it is said to be', () => {
  const distribution = { kind: 'normal', meanMs: 100, stddevMs: 20 };
  const longestMs = longest(delayed(distribution));
  assert.ok(longestMs > 160 && longestMs < 300, `${longestMs} ms`);
  const faults = new FaultTable(1);
  faults.add(FaultSpec.parse({ action: { type: 'delay', distribution } }));
  for (let draw = 0; draw < 20_000; draw++) {
    const decision = faults.decide(subjectOf());
    if (decision.kind !== 'delay') assert.fail('not delayed');
    assert.ok(decision.delayMs <= longestMs, `drew ${decision.delayMs} ms`);
  }
});
