import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Aftermath } from '../../../src/scenario/aftermath.js';
import { type ArmContext, ArmError } from '../../../src/scenario/arm-context.js';
import type { Child } from '../../../src/scenario/child.js';
import type { Wedge } from '../../../src/scenario/wedge.js';

const told = { verify: { fsync: [null, null], cached: [-1, -1], served: [-1, -1] }, close: [null, null] };

/** With a workload that answers so. */
function aftermathOf(answers: Readonly<Record<string, unknown>>, misbehaviour = 'faults') {
  const happened: string[] = [];
  const workload = {
    ask: async (command: string) => {
      happened.push(command);
      return answers[command];
    },
  } as unknown as Child;
  const wedge = { confirmDrained: async () => happened.push('confirmDrained') } as unknown as Wedge;
  const context = {
    plan: { index: 0, design: { misbehaviour: { kind: misbehaviour } } },
    bothBytes: 8192,
    deadlines: { sleep: (ms: number) => delay(ms) },
    deadlineForBytes: () => 1000,
    record: ({ event }: { event: string }) => happened.push(`record ${event}`),
    recordVmstat: (when: string) => happened.push(`vmstat ${when}`),
  } as unknown as ArmContext;
  return { happened, aftermath: new Aftermath(context, workload, wedge) };
}

const armError = (message: RegExp) => (error: unknown) =>
  error instanceof ArmError && message.test(error.message);

test('after a release the files are checked, then the server, and close(2) must say nothing', async () => {
  const { happened, aftermath } = aftermathOf(told);
  await aftermath.verify();
  assert.deepEqual(happened, [
    'verify',
    'record verified',
    'confirmDrained',
    'vmstat verified',
    'close',
    'record closed',
  ]);
  const refused = aftermathOf({ ...told, close: [null, 'EIO'] });
  await assert.rejects(refused.aftermath.verify(), armError(/close\(2\) said EIO/));
  assert.equal(refused.happened.at(-1), 'record closed', 'it is written down first');
});

test('the other request that a pulled cable let hang must have had its answer', async () => {
  await aftermathOf({ ...told, lookedUp: 'ENOENT' }, 'unplug').aftermath.verify();
  for (const said of [null, 'ENOTCONN'])
    await assert.rejects(
      aftermathOf({ ...told, lookedUp: said }, 'unplug').aftermath.verify(),
      armError(new RegExp(`ended with ${said ?? 'success'}, not ENOENT`)),
    );
});

test('after the end of the connection nothing is asked of the server, and close(2) may say what it will', async () => {
  const { happened, aftermath } = aftermathOf({
    aftermath: { fsync: ['EIO', null], keptPages: [0, 2] },
    close: ['ENOTCONN', null],
  });
  await aftermath.afterEnd();
  assert.deepEqual(happened, ['aftermath', 'record aftermath', 'vmstat verified', 'close', 'record closed']);
});
