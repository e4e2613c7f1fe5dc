/** Arms of a trigger, played in a guest of the test kernel whose machine has what the trigger needs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunJson } from '../../src/report/run-json.js';
import { buildGuest } from '../../src/vm/guest/guest.js';
import { runBoot } from '../../src/vm/run-in-vm.js';
import { shapeOfTrigger } from '../../src/vm/shapes.js';
import { command, requires } from './requirement.js';
import { findTestKernel, testKernel } from './unpacked-kernel.js';

export const needsGuest = requires(
  command('qemu-system-x86_64', 'qemu-system-x86'),
  command('busybox', 'busybox-static'),
  testKernel,
);

interface Played {
  readonly cells: RunJson['cells'];
  readonly exitStatus: number;
  /** What the guest's run said, for the message of an assertion. */
  readonly told: string;
  /** The run directory. */
  readonly out: string;
}

/** @param scratch a directory that the test removes */
export async function playInGuest(
  trigger: string,
  scenarios: readonly string[],
  scratch: string,
  signal: AbortSignal,
): Promise<Played> {
  const kernel = findTestKernel();
  const shape = shapeOfTrigger[trigger]?.shape;
  assert.ok(kernel !== undefined && shape !== undefined);
  const out = join(scratch, 'out');
  const said: string[] = [];
  const end = await runBoot({
    kernel,
    guest: await buildGuest(kernel, scratch, () => undefined),
    shape,
    accel: 'tcg',
    words: [
      ...scenarios.flatMap((id) => ['--scenario', id]),
      ...['--trigger', trigger, '--stuck', '2M', '--hold', '2s'],
    ],
    out,
    deadlineGuestMs: 300_000,
    signal,
    progress: (news) => said.push(news.line),
  });
  const { cells } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as RunJson;
  return { cells, exitStatus: end.exitStatus, told: said.join('\n'), out };
}
