/** A fault plan over the control interface: checked at the daemon as in a file, and waited for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../../src/control/client/client.js';
import type { PlanInput } from '../../../src/control/contract/plans.js';
import { isControlError } from './control-error.js';
import { serveFake } from './fake-daemon.js';
import { manualClock } from './manual-clock.js';

const plan: PlanInput = {
  phases: [{ name: 'a', faults: ['hold write', { action: { type: 'hold' } }], until: { after: '1s' } }],
};

test('a plan is started in its normal form, shown and stopped', async (context) => {
  const { client, daemon } = await serveFake(context);
  assert.equal((await client.plan()).state, 'none');
  assert.equal((await client.startPlan(plan)).state, 'running');
  const hold = { type: 'hold' };
  const faults = [
    { match: { opcodes: ['FUSE_WRITE'] }, action: hold },
    { match: {}, action: hold },
  ];
  const phases = [{ name: 'a', faults, until: { after: '1s' }, steps: [], keep: false }];
  assert.deepEqual(daemon.calls, [['startPlan', { phases }]]);
  assert.equal((await client.plan()).phases[0]?.state, 'current');
  assert.equal((await client.stopPlan()).state, 'stopped');
});

const refused: readonly (readonly [plan: unknown, field: string, message: RegExp])[] = [
  [{}, 'phases', /phases/],
  [{ phases: [{ name: 'a', faults: ['hold wirte'], until: 'never' }] }, 'phases[0].faults[0]', /wirte/],
  [
    { phases: [{ name: 'a', faults: [{ action: { type: 'wobble' } }], until: 'never' }] },
    'phases[0].faults[0].action.type',
    /phases\[0\]\.faults\[0\]\.action\.type: /,
  ],
  [
    { phases: [{ name: 'a', until: { held: { count: 1 } } }] },
    'phases[0].until.held',
    /can never be: by then no fault of this plan/,
  ],
];
for (const [bad, field, message] of refused) {
  test(`the daemon refuses ${JSON.stringify(bad)}`, async (context) => {
    const { client, daemon } = await serveFake(context);
    await assert.rejects(
      client.startPlan(bad as PlanInput),
      isControlError('VALIDATION', { field, message, exitStatus: 2 }),
    );
    assert.deepEqual(daemon.calls, []);
  });
}

test('waitForPlan returns once the plan does not run any more', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  const clock = manualClock((nowMs) => {
    if (nowMs >= 100) daemon.planStatus = { ...daemon.planStatus, state: 'finished', waitsFor: null };
  });
  const client = connect({ socketPath, clock });
  await client.startPlan(plan);
  assert.equal((await client.waitForPlan({ timeoutMs: 1000 })).state, 'finished');
  assert.equal(clock.nowMs(), 100);
});

test('waitForPlan gives up at the deadline and says what the plan waits for', async (context) => {
  const { socketPath } = await serveFake(context);
  const clock = manualClock(() => {});
  const client = connect({ socketPath, clock });
  await client.startPlan(plan);
  await assert.rejects(
    client.waitForPlan({ timeoutMs: 120 }),
    isControlError('TIMEOUT', {
      message: /after 120 ms; it is in "a" and waits for at least 64 WRITE to be held/,
      exitStatus: 3,
    }),
  );
  assert.equal(clock.nowMs(), 120);
});
