import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildGuest } from '../../src/vm/guest/guest.js';
import { runBare } from '../support/bare-qemu.js';
import { command, requires } from '../support/requirement.js';
import { findTestKernel, testKernel } from '../support/unpacked-kernel.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-guest-'));
after(() => rmSync(scratch, { recursive: true }));

const needs = requires(
  command('qemu-system-x86_64', 'qemu-system-x86'),
  command('busybox', 'busybox-static'),
  testKernel,
);

test('a guest is built once, boots, and can do what stuckfs asks of a machine', needs, async () => {
  const kernel = findTestKernel();
  assert.ok(kernel);
  const told: string[] = [];
  const guest = await buildGuest(kernel, scratch, (step) => told.push(step));
  assert.equal(told.length, 2, `${told}`);
  assert.deepEqual(await buildGuest(kernel, scratch, (step) => told.push(step)), guest);
  assert.equal(told.length, 2, 'it was there');
  assert.deepEqual(
    readdirSync(join(scratch, 'guest')).filter((name) => name.startsWith('.')),
    [],
  );

  const job = { words: ['doctor', '--json'], env: { NO_COLOR: '1' }, patience: 8 };
  const end = await runBare({ kernel, guest, job }, scratch, 200_000);
  assert.equal(end.status, 0, end.console);
  const last = end.lines.at(-1);
  assert.ok(last !== undefined && 'exit' in last, `no exit line: ${end.console}`);
  const said = (stream: string) =>
    end.lines.flatMap((one) => ('stream' in one && one.stream === stream ? [one.line] : [])).join('\n');
  assert.equal(said('stderr'), '');
  const { requirements } = JSON.parse(said('stdout')) as {
    requirements: { requirement: string; state: string; found: string }[];
  };
  const state = new Map(requirements.map((one) => [one.requirement, one]));
  for (const name of [
    'Node',
    'C library',
    'privilege',
    'FUSE',
    '/dev/fuse',
    'fusectl',
    'tracefs',
    'vm.compact_memory',
  ])
    assert.equal(state.get(name)?.state, 'ok', JSON.stringify(state.get(name)));
  // Modules that are loaded when they are asked for.
  assert.equal(state.get('/dev/loop-control')?.state, 'ok', JSON.stringify(state.get('/dev/loop-control')));
  assert.equal(state.get('XFS')?.state, 'ok', JSON.stringify(state.get('XFS')));
  assert.equal(state.get('readable by others')?.state, 'ok', 'a daemon that is nobody runs from the image');

  // Heartbeats, in the order of the guest's clock.
  const times = end.lines.map(({ t }) => t);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  // No run directory: an archive of nothing.
  assert.deepEqual(end.result, Buffer.alloc(1024));
});
