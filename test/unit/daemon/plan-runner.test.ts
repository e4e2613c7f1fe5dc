/** Plans on a real engine: requests go in as bytes, and what is answered, and when, is what counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { PlanStatus } from '../../../src/control/contract/plans.js';
import { DaemonConfigSpec } from '../../../src/daemon/config.js';
import { complaintAboutPlan } from '../../../src/daemon/plan-guard.js';
import { parsePlan } from '../../../src/plan/parse-plan.js';
import { zeros } from '../../support/bytes.js';
import { readArgs, Server, writeArgs } from './server.js';

const planOf = (text: string) => parsePlan(text, 'plan').plan;

function started(text: string) {
  const server = new Server();
  const { nodeid } = server.create('file');
  server.replies.take();
  assert.equal(server.control.startPlan(planOf(text))?.state !== 'failed', true);
  const write = (offset = 0) => server.receive('FUSE_WRITE', { nodeid, pid: 0 }, writeArgs(offset, 'abc'));
  const read = () => server.receive('FUSE_READ', { nodeid }, readArgs(0n, 0, 10));
  const answered = () => server.replies.take().map((reply) => reply[1]);
  return { server, nodeid, write, read, answered, state: () => server.control.plan().state };
}

const halfReversed = `
phases:
  - name: wedge
    faults: [hold write]
    until: { held: { count: 4, opcodes: [write], path: /file } }
    steps: [{ release: { fraction: 0.5, order: reversed } }]
  - name: broken reads
    faults: [fail EIO read]
    until: { requests: { count: 1, opcodes: [read] } }
    steps: [release]
`;

describe('PlanRunner', () => {
  it('acts at the very request that makes its condition true', () => {
    const { server, write, read, answered, state } = started(halfReversed);
    const uniques = [write(), write(), write()];
    assert.deepEqual(answered(), []);
    uniques.push(write());
    assert.deepEqual(answered(), [uniques[3], uniques[2]], 'half of them, the newest first');
    assert.equal(server.engine.withheld.totals.requests, 2);
    const passing = write();
    assert.deepEqual(answered(), [passing], 'the fault of the first phase is gone');
    const failed = read();
    assert.deepEqual(server.replies.take(), [
      ['error', failed, Errno.EIO],
      ['write', uniques[0], 3],
      ['write', uniques[1], 3],
    ]);
    assert.equal(state(), 'finished');
    assert.deepEqual(server.control.faults(), []);
    read();
    assert.equal(server.replies.take()[0]?.[0], 'read');
  });

  it('tells how far it is in the shape that is promised', () => {
    const { server, write } = started(halfReversed);
    for (let nr = 0; nr < 4; nr++) write();
    const { elapsedMs, phases, ...rest } = PlanStatus.parse(server.control.run('plan', []));
    assert.ok(elapsedMs >= 0);
    assert.deepEqual(rest, { state: 'running', seed: 0, waitsFor: '1 READ to come', reason: null });
    assert.deepEqual(
      phases.map(({ name, state, faultIds, released }) => [name, state, faultIds, released]),
      [
        ['wedge', 'over', [1], 2],
        ['broken reads', 'current', [2], 0],
      ],
    );
    PlanStatus.parse(new Server().control.plan());
  });

  it('has the engine wake it at its time, and costs it nothing once it is over', () => {
    const { server, state } = started('phases: [{name: a, faults: [hold], until: {after: 1h}}]');
    const dueMs = server.engine.nextDeadlineMs();
    assert.ok(dueMs > performance.now() + 3_000_000 && dueMs <= performance.now() + 3_600_000);
    assert.notEqual(server.engine.conductor, undefined);
    server.engine.conductor?.advance(dueMs);
    assert.equal(state(), 'finished');
    assert.equal(server.engine.conductor, undefined);
    assert.equal(server.engine.nextDeadlineMs(), Number.POSITIVE_INFINITY);
  });

  it('wakes for whichever comes first: a delayed answer or the plan', () => {
    const { server, read } = started(
      'phases: [{name: a, faults: [delay fixed:1m read], until: {after: 1h}}]',
    );
    read();
    assert.ok(server.engine.nextDeadlineMs() < performance.now() + 61_000);
  });

  it('looks at its condition at every wake: a command may have released', () => {
    const { server, read, state } = started(
      'phases: [{name: a, faults: [hold read], until: {held: {count: 1}}}, {name: b, until: {held: {atMost: 0}}}]',
    );
    read();
    assert.equal(state(), 'running');
    server.engine.release({});
    server.engine.onWake();
    assert.equal(state(), 'finished');
  });

  it('unplugs and plugs', () => {
    const { server, nodeid, answered, state } = started(
      'phases: [{name: a, steps: [unplug]}, {name: b, until: {held: {count: 2}}, steps: [plug]}]',
    );
    assert.equal(server.control.status().unplugged, true);
    const uniques = [1, 2].map(() => server.receive('FUSE_GETATTR', { nodeid }, zeros(16)));
    assert.deepEqual(answered(), uniques);
    assert.equal(state(), 'finished');
  });

  it('tells what it does as if it had been asked for', () => {
    const { server, read } = started(
      'phases: [{name: a, faults: [hold read], until: {held: {count: 1}}, steps: [release, unplug, plug]}]',
    );
    read();
    const fault = { match: { opcodes: ['FUSE_READ'] }, action: { type: 'hold' } };
    assert.deepEqual(server.did, [
      ['addFault', { id: 1, fault }],
      ['release', { released: 1, bytes: 10, remaining: 0 }],
      ['unplug', { changed: true }],
      ['plug', { changed: true, released: 0, bytes: 0, remaining: 0 }],
      ['removeFault', { id: 1, fault }],
    ]);
  });

  it('carries out one plan at a time', () => {
    const { server } = started('phases: [{name: a, until: never}]');
    assert.equal(server.control.startPlan(planOf(halfReversed)), undefined);
    assert.equal(server.control.stopPlan().state, 'stopped');
    assert.equal(server.control.startPlan(planOf(halfReversed))?.state, 'running');
  });

  it('ends with everything else: no phase of it begins after the mount was let go', () => {
    const { server, read, answered, state } = started('phases: [{name: a, faults: [hold], until: never}]');
    const unique = read();
    server.engine.letGoOfAll();
    assert.deepEqual(answered(), [unique]);
    assert.equal(state(), 'stopped');
    assert.deepEqual(server.control.faults(), []);
  });

  it('makes the same choices again with the same seed, also on another daemon and behind other faults', () => {
    const choices = (seed: number, before: readonly string[] = []) => {
      const server = new Server();
      const { nodeid } = server.create('file');
      for (const path of before) server.addFault({ match: { path }, action: { type: 'hold' } });
      const text = `seed: ${seed}\nphases: [{name: a, faults: [fail EIO read probability=0.5], until: never}]`;
      server.control.startPlan(planOf(text));
      server.replies.take();
      for (let nr = 0; nr < 64; nr++) server.receive('FUSE_READ', { nodeid }, readArgs(0n, 0, 1));
      return server.replies.take().map(([kind]) => kind);
    };
    const once = choices(7);
    assert.deepEqual(new Set(once), new Set(['error', 'read']));
    assert.deepEqual(choices(7, ['/other', '/third']), once);
    assert.notDeepEqual(choices(8), once);
  });
});

describe('complaintAboutPlan', () => {
  const config = DaemonConfigSpec.parse({ mountPoint: '/mnt', maxHoldMs: 10_000 });
  const complaint = (text: string) => complaintAboutPlan(planOf(text), config);

  it('finds a delay that is longer than anything may be held', () => {
    const found = complaint('phases: [{name: a, faults: [hold, delay fixed:11s], until: never}]');
    assert.deepEqual(found?.path, ['phases', 0, 'faults', 1]);
    assert.match(found?.remedy ?? '', /a delay of up to 11000 ms is longer than --max-hold/);
    assert.equal(complaint('phases: [{name: a, faults: [delay fixed:9s], until: never}]'), undefined);
  });

  it('finds a pin where the mount does not splice requests', () => {
    const pins = 'phases: [{name: a, faults: [pin], until: never}]';
    assert.match(complaint(pins)?.remedy ?? '', /mount with --splice read/);
    const spliced = DaemonConfigSpec.parse({ mountPoint: '/mnt', splice: { read: true } });
    assert.equal(complaintAboutPlan(planOf(pins), spliced), undefined);
    const overLibfuse = DaemonConfigSpec.parse({ mountPoint: '/mnt', transport: 'libfuse' });
    const remedy = complaintAboutPlan(planOf(pins), overLibfuse)?.remedy ?? '';
    assert.match(remedy, /mount with --transport dev-fuse --splice read/);
  });

  it('finds a wait with requests held', () => {
    const found = complaint(
      'phases: [{name: a, faults: [hold], until: {held: {count: 1}}, steps: [{wait: 10s}]}]',
    );
    assert.deepEqual(found?.path, ['phases', 0, 'steps', 0, 'wait']);
  });
});
