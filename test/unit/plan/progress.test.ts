/** A plan carried out against hands that write down what they are told, with a clock that the test owns. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeFault } from '../../../src/fault/describe.js';
import type { HeldFilter } from '../../../src/fault/inventory.js';
import { parsePlan } from '../../../src/plan/parse-plan.js';
import { type PlanHands, Progress } from '../../../src/plan/progress.js';
import { Opcode } from '../../../src/protocol/opcode.js';

const startMs = 1000;

class RecordingHands implements PlanHands {
  readonly did: string[] = [];
  readonly drawn: number[] = [];
  /** What is held, whatever the filter. */
  readonly held = { requests: 0 };
  requests = 0;
  watches = 0;
  lastFilter: HeldFilter | undefined;
  private lastId = 0;

  addFault: PlanHands['addFault'] = (fault, random) => {
    this.lastId += 1;
    this.drawn.push(random.nextFloat());
    this.did.push(`add ${this.lastId} ${describeFault(fault)}`);
    return this.lastId;
  };
  removeFault = (id: number) => {
    this.did.push(`remove ${id}`);
  };
  watchHeld = (filter: HeldFilter) => {
    this.watches += 1;
    this.lastFilter = filter;
    return this.held;
  };
  unwatchHeld = () => {
    this.watches -= 1;
  };
  nrReleasable = () => this.held.requests;
  release = (filter: HeldFilter) => {
    const released = Math.min(filter.count ?? Number.POSITIVE_INFINITY, this.held.requests);
    this.held.requests -= released;
    this.lastFilter = filter;
    this.did.push(`release ${released} ${filter.order ?? ''}`.trim());
    return released;
  };
  setUnplugged = (unplugged: boolean) => {
    this.did.push(unplugged ? 'unplug' : 'plug');
  };
  nrRequests = () => this.requests;

  take(): string[] {
    return this.did.splice(0);
  }
}

function begin(text: string, seed = 0) {
  const hands = new RecordingHands();
  const { plan } = parsePlan(text, 'plan');
  const progress = new Progress(plan, hands, plan.seed ?? seed, startMs);
  const at = (ms: number) => progress.advance(startMs + ms);
  at(0);
  return { hands, progress, at, did: () => hands.take() };
}

const example = `
phases:
  - name: wedge
    faults: [hold write]
    until: { held: { count: 64, opcodes: [write] } }
    steps:
      - wait: 5s
      - release: { fraction: 0.5, order: reversed }
  - name: broken reads
    faults: [hold read]
    until: { requests: { count: 2, opcodes: [read] } }
`;

describe('Progress', () => {
  it('goes through the phases as conditions and times come, and removes their faults behind them', () => {
    const { hands, progress, at, did } = begin(example);
    assert.deepEqual(did(), ['add 1 hold WRITE']);
    assert.deepEqual(hands.lastFilter, { opcodes: [Opcode.FUSE_WRITE], path: undefined });
    assert.equal(progress.nextTimeMs, Number.POSITIVE_INFINITY);
    assert.equal(progress.view().waitsFor, 'at least 64 WRITE to be held');
    hands.held.requests = 63;
    at(100);
    assert.deepEqual(did(), []);
    hands.held.requests = 64;
    at(200);
    assert.deepEqual(did(), []);
    assert.equal(hands.watches, 0, 'no longer watched');
    assert.equal(progress.nextTimeMs, startMs + 5200);
    at(5199);
    assert.deepEqual(did(), []);
    hands.requests = 10;
    at(5200);
    assert.deepEqual(did(), ['release 32 reversed', 'remove 1', 'add 2 hold READ']);
    hands.requests = 11;
    at(6000);
    assert.equal(progress.isRunning, true, 'requests count from the beginning of the phase');
    hands.requests = 12;
    at(7000);
    assert.deepEqual(did(), ['remove 2']);
    assert.deepEqual(progress.view(), {
      state: 'finished',
      seed: 0,
      phases: [
        { name: 'wedge', state: 'over', beganMs: 0, endedMs: 5200, faultIds: [1], released: 32 },
        { name: 'broken reads', state: 'over', beganMs: 5200, endedMs: 7000, faultIds: [2], released: 0 },
      ],
      waitsFor: null,
      reason: null,
    });
    at(8000);
    assert.deepEqual(did(), [], 'nothing after its end');
    assert.equal(progress.nextTimeMs, Number.POSITIVE_INFINITY);
  });

  it('does all that is due in one go', () => {
    const { progress, did } = begin(
      'phases: [{name: a, steps: [unplug, plug, release, {wait: 0s}]}, {name: b, until: {held: {atMost: 0}}}]',
    );
    assert.deepEqual(did(), ['unplug', 'plug', 'release 0']);
    assert.equal(progress.view().state, 'finished');
  });

  it('keeps the faults of a phase that says so, past its own end', () => {
    const { progress, at, did } = begin(
      'phases: [{name: a, keep: true, faults: [hold read], until: {after: 1s}}, {name: b, until: {after: 1s}}]',
    );
    at(1000);
    at(2000);
    assert.equal(progress.view().state, 'finished');
    assert.deepEqual(did(), ['add 1 hold READ']);
    progress.stop(startMs + 3000);
    assert.deepEqual(did(), ['remove 1'], 'a stop removes what is left of it');
    assert.equal(progress.view().state, 'finished');
  });

  it('counts one wait from the end of the one before', () => {
    const { at, did } = begin('phases: [{name: a, steps: [{wait: 1s}, unplug, {wait: 1s}, plug]}]');
    at(1500);
    assert.deepEqual(did(), ['unplug']);
    at(2400);
    assert.deepEqual(did(), []);
    at(2500);
    assert.deepEqual(did(), ['plug']);
  });

  const shares: readonly (readonly [held: number, fraction: number, released: number])[] = [
    [64, 0.5, 32],
    [65, 0.5, 33],
    [1, 0.001, 1],
    [30, 0.1, 3],
    [7, 1, 7],
  ];
  for (const [held, fraction, released] of shares) {
    it(`releases ${released} when it is to release ${fraction} of ${held}`, () => {
      const { hands, at, did } = begin(
        `phases: [{name: a, until: {after: 1s}, steps: [{release: {fraction: ${fraction}}}]}]`,
      );
      hands.held.requests = held;
      at(1000);
      assert.deepEqual(did(), [`release ${released} fifo`]);
    });
  }

  it('releases nothing where a share of nothing is asked for', () => {
    const { did } = begin('phases: [{name: a, steps: [{release: {fraction: 0.5}}]}]');
    assert.deepEqual(did(), []);
  });

  it('passes over what never holds, unless told', () => {
    const { hands } = begin('phases: [{name: a, steps: [release]}]');
    assert.equal(hands.lastFilter?.never, false);
    const told = begin('phases: [{name: a, steps: [{release: {never: true, path: /x, opcodes: [read]}}]}]');
    assert.deepEqual(told.hands.lastFilter, {
      opcodes: [Opcode.FUSE_READ],
      path: '/x',
      order: 'fifo',
      never: undefined,
      count: undefined,
    });
  });

  it('ends at a stop: faults removed, the cable plugged, nothing watched', () => {
    const { hands, progress, at, did } = begin(
      'phases: [{name: a, faults: [hold], steps: [unplug], until: {after: 1s}}, {name: b, faults: [hold write], until: {held: {count: 9}}}]',
    );
    at(1000);
    assert.equal(hands.watches, 1);
    did();
    progress.stop(startMs + 1500);
    assert.equal(hands.watches, 0);
    assert.deepEqual(did(), ['remove 2', 'plug']);
    const { state, phases } = progress.view();
    assert.equal(state, 'stopped');
    assert.deepEqual([phases[1]?.state, phases[1]?.endedMs], ['over', 1500]);
    hands.held.requests = 9;
    at(2000);
    assert.deepEqual(did(), []);
  });

  it('until never ends only at a stop', () => {
    const { progress, at, did } = begin('phases: [{name: a, faults: [hold], until: never}]');
    did();
    at(1e9);
    assert.equal(progress.view().waitsFor, 'a stop');
    assert.deepEqual(did(), []);
    progress.stop(startMs);
    assert.deepEqual(did(), ['remove 1']);
  });

  it('does not begin anew when its own release comes back to it as a change', () => {
    const { hands, progress, at } = begin(
      'phases: [{name: a, until: {after: 1s}, steps: [release, release]}]',
    );
    const release = hands.release;
    hands.release = (filter) => {
      progress.advance(startMs + 1000);
      return release(filter);
    };
    at(1000);
    assert.deepEqual(hands.take(), ['release 0', 'release 0']);
  });

  it('fails when a hand fails, and leaves nothing armed', () => {
    const { hands, progress, at, did } = begin(
      'phases: [{name: a, faults: [hold], until: {after: 1s}, steps: [release]}]',
    );
    hands.release = () => {
      throw new Error('no');
    };
    did();
    at(1000);
    assert.deepEqual([progress.view().state, progress.view().reason], ['failed', 'no']);
    assert.deepEqual(did(), ['remove 1']);
  });

  it('draws the same for the same seed, for each fault of its own, and differently for another seed', () => {
    const text = (seed: string) =>
      `${seed}\nphases: [{name: a, faults: [hold read, hold write], until: never}]`;
    const drawn = begin(text('seed: 7')).hands.drawn;
    assert.deepEqual(begin(text('seed: 7'), 5).hands.drawn, drawn);
    assert.deepEqual(begin(text(''), 7).hands.drawn, drawn, 'the seed of the mount is the default');
    assert.notDeepEqual(begin(text('seed: 8')).hands.drawn, drawn);
    assert.notEqual(drawn[0], drawn[1]);
  });
});
