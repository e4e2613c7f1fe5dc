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
