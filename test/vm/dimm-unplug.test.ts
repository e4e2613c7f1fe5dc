/**
 * A DIMM is asked back over QMP while the acks of WRITEs to folios in it are withheld: the guest's kernel cannot give
 * it up before they are let go.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { bootGuest } from '../../src/vm/boot.js';
import { buildGuest } from '../../src/vm/guest/guest.js';
import { guestOut } from '../../src/vm/protocol.js';
import { dimmId } from '../../src/vm/qemu/command-line.js';
import type { QmpClient } from '../../src/vm/qemu/qmp.js';
import { command, requires } from '../support/requirement.js';
import { findTestKernel, testKernel } from '../support/unpacked-kernel.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-dimm-'));
const controller = new AbortController();
after(() => {
  controller.abort(new Error('the test is over'));
  rmSync(scratch, { recursive: true });
});

const needs = requires(
  command('qemu-system-x86_64', 'qemu-system-x86'),
  command('busybox', 'busybox-static'),
  testKernel,
);

const MIB = 1024 * 1024;
const pageBytes = 4096;

/** Frames [start, end) of the DIMM. */
async function framesOfDimm(qmp: QmpClient): Promise<readonly [number, number]> {
  const devices = (await qmp.execute('query-memory-devices')) as {
    data: { id?: string; addr: number; size: number };
  }[];
  const dimm = devices.find(({ data }) => data.id === dimmId)?.data;
  assert.ok(dimm, 'QEMU knows the DIMM');
  return [dimm.addr / pageBytes, (dimm.addr + dimm.size) / pageBytes];
}

test('a DIMM is given back only when the folios in it are let go', needs, async () => {
  const kernel = findTestKernel();
  assert.ok(kernel);
  const out = join(scratch, 'out');
  const said: string[] = [];
  const happened: string[] = [];
  let qmp: QmpClient | undefined;
  let frames: readonly [number, number] = [0, 0];
  let asked: Promise<unknown> = Promise.resolve();
  const note = (what: string) => {
    if (!happened.includes(what)) happened.push(what);
  };
  const hear = (line: string) => {
    said.push(line);
    if (/requests held$/.test(line)) {
      note('held');
      asked = Promise.resolve()
        .then(async () => {
          assert.ok(qmp);
          frames = await framesOfDimm(qmp);
          await qmp.execute('device_del', { id: dimmId });
          note('asked');
        })
        .catch((error: unknown) => said.push(String(error)));
    }
    if (/released \d+ requests$/.test(line)) note('released');
  };
  await bootGuest({
    kernel,
    guest: await buildGuest(kernel, scratch, () => undefined),
    shape: { memoryMiB: 1024, cpus: 1, numaNodes: 1, dimmMiB: 1536 },
    accel: 'tcg',
    words: ['run', 'writeback-held', '--on', 'host', '--stuck', '2M', '--hold', '15s', '--out', guestOut],
    out,
    deadlineGuestMs: 300_000,
    signal: controller.signal,
    onQmp: (client) => {
      qmp = client;
      client.onEvent(({ name, data }) => {
        if (data['device'] === dimmId && /^DEVICE_DELETED$|UNPLUG.*ERROR$/.test(name)) note('answered');
      });
    },
    progress: (news) => hear(news.line),
  });
  await asked;
  // The answer may still be on its way.
  await delay(100);
  const told = `${happened}\n${said.join('\n')}`;
  assert.deepEqual(happened.slice(0, 3), ['held', 'asked', 'released'], told);

  const fault = readFileSync(join(out, 'events.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"event":"set-named"'))
    .at(-1);
  const { stuckPfns } = JSON.parse(fault ?? '{}') as { stuckPfns: string };
  const bytes = readFileSync(join(out, stuckPfns));
  const inDimm = Array.from({ length: bytes.length / 8 }, (_, at) =>
    Number(bytes.readBigInt64LE(at * 8)),
  ).filter((pfn) => pfn >= frames[0] && pfn < frames[1]);
  assert.ok(inDimm.length > 0, `none of ${bytes.length / 8} folios is in frames ${frames}\n${told}`);
  const stacks = readdirSync(join(out, 'stacks')).map((name) =>
    readFileSync(join(out, 'stacks', name), 'utf8'),
  );
  const offlining = stacks.find((stack) => /^kworker/.test(stack) && stack.includes('offline_pages'));
  assert.ok(offlining, `no worker takes memory offline\n${stacks.join('\n')}\n${told}`);
  assert.match(offlining, /^folio_wait_writeback$/m, told);
  assert.ok((frames[1] - frames[0]) * pageBytes === 1536 * MIB);
});
