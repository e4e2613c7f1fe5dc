/** The kernel's own NFS over a link that goes down, in a guest: no machine that tests run on need have NFS. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkNfs } from '../../src/kernel/requirements/nfs.js';
import type { RunJson } from '../../src/report/run-json.js';
import { buildGuest } from '../../src/vm/guest/guest.js';
import { runBoot } from '../../src/vm/run-in-vm.js';
import { command, type Requirement, requires } from '../support/requirement.js';
import { findTestKernel, testKernel } from '../support/unpacked-kernel.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-nfs-'));
const controller = new AbortController();
after(() => {
  controller.abort(new Error('the test is over'));
  rmSync(scratch, { recursive: true });
});

/** Without it the guest would skip every arm. */
const testKernelHasNfs: Requirement = () => {
  const modules = findTestKernel()?.modules;
  if (modules === undefined) return undefined;
  const lists = ['modules.dep', 'modules.builtin'].map((name) => join(modules, name)).filter(existsSync);
  const finding = checkNfs('', lists.map((path) => readFileSync(path, 'utf8')).join('\n'));
  return finding.state === 'missing' ? `STUCKFS_TEST_KERNEL: ${finding.found}` : undefined;
};

const needs = requires(
  command('qemu-system-x86_64', 'qemu-system-x86'),
  command('busybox', 'busybox-static'),
  command('ip', 'iproute2'),
  testKernel,
  testKernelHasNfs,
);

test(
  'migration waits for folios of NFS until the link is up; with the link up they move',
  needs,
  async () => {
    const kernel = findTestKernel();
    assert.ok(kernel);
    const out = join(scratch, 'out');
    const said: string[] = [];
    const end = await runBoot({
      kernel,
      guest: await buildGuest(kernel, scratch, () => undefined),
      shape: { memoryMiB: 1536, cpus: 1, numaNodes: 1 },
      accel: 'tcg',
      // Twice: an arm after the link was down has the same server and client.
      words: ['--scenario', 'nfs-cable-trip', '--stuck', '2M', '--hold', '2s', '--repeat', '2'],
      out,
      deadlineGuestMs: 240_000,
      signal: controller.signal,
      progress: (news) => said.push(news.line),
    });
    const told = said.join('\n');
    assert.equal(end.exitStatus, 0, told);
    const { cells } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as RunJson;
    assert.deepEqual(
      cells.map(({ arm, outcome, verdict }) => [arm, outcome, verdict]),
      [
        ['control', 'migrated', 'pass'],
        ['fault', 'stalled', 'pass'],
        ['control', 'migrated', 'pass'],
        ['fault', 'stalled', 'pass'],
      ],
      told,
    );
    const events = readFileSync(join(out, 'events.jsonl'), 'utf8').trim().split('\n');
    const starts = events.map((line) => JSON.parse(line)).filter(({ event }) => event === 'arm-started');
    assert.deepEqual(
      starts.map(({ serverOfArm }) => serverOfArm),
      [undefined, 0, 0, 0],
      'one server for all arms',
    );
    const [control, fault] = cells.map(({ evidence }) => evidence);
    assert.equal(control?.byteExact, true);
    assert.equal(control?.heldRequests, 0);
    assert.equal(fault?.byteExact, true);
    assert.ok((fault?.heldRequests ?? 0) > 0, 'the trace has the WRITEs that had no answer');
    assert.equal(fault?.stuckWriteback, fault?.stuckFolios);
    assert.equal(fault?.stuckMoved, 0);
    const [waiter] = fault?.waiters.filter(({ role }) => role === 'trigger') ?? [];
    assert.ok(waiter?.stack.includes('folio_wait_writeback'), `${waiter?.stack}`);
    assert.match(waiter?.waitsFor?.unique ?? '', /^\d+$/, 'the folio is joined with a WRITE');
  },
);
