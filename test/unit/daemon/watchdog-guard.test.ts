/** Without a watchdog nothing that withholds may begin; everything that ends it may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DaemonConfigSpec } from '../../../src/daemon/config.js';
import { Daemon, type DaemonParts } from '../../../src/daemon/daemon.js';
import { FaultSpec } from '../../../src/fault/fault.js';
import { isControlError } from '../control/control-error.js';

function daemonWith(watchdogPid: number | null) {
  const asked: string[] = [];
  const serving = {
    ask: async (name: string) => asked.push(name),
    observe: () => undefined,
  } as unknown as DaemonParts['serving'];
  const daemon = new Daemon({
    version: '0',
    config: DaemonConfigSpec.parse({ mountPoint: '/mnt' }),
    splice: undefined,
    mount: {} as DaemonParts['mount'],
    serving,
    watchdogPid: () => watchdogPid,
    abort: () => assert.fail('aborted'),
  });
  return { daemon, asked };
}
const never = FaultSpec.parse({ action: { type: 'never' } });

test('unplug and faults are refused while no watchdog guards, plug and release are not', async () => {
  const { daemon, asked } = daemonWith(null);
  await assert.rejects(daemon.unplug(), isControlError('UNAVAILABLE', {}));
  await assert.rejects(daemon.addFault(never), isControlError('UNAVAILABLE', {}));
  assert.deepEqual(asked, []);
  await daemon.plug();
  await daemon.release({ order: 'fifo' });
  assert.deepEqual(asked, ['plug', 'release']);
});

test('with one they are carried out', async () => {
  const { daemon, asked } = daemonWith(4711);
  await daemon.unplug();
  await daemon.addFault(never);
  assert.deepEqual(asked, ['unplug', 'addFault']);
});

test('a rate at which one request takes longer than the maximum hold is refused', async () => {
  const { daemon, asked } = daemonWith(4711);
  const atRate = (bytesPerSecond: number) =>
    FaultSpec.parse({ action: { type: 'delay', distribution: { kind: 'rate', bytesPerSecond } } });
  await assert.rejects(daemon.addFault(atRate(1000)), isControlError('VALIDATION', { exitStatus: 2 }));
  await daemon.addFault(atRate(100_000));
  assert.deepEqual(asked, ['addFault']);
});
