/**
 * An unprivileged user in namespaces of its own wedges root's compaction: both arms under the limits that the kernel
 * sets, and the recovery where nobody but the watchdog is left to see to it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkRequirements, isMissing } from '../../../src/kernel/requirements/requirement.js';
import { untrustedRequirements } from '../../../src/kernel/requirements/untrusted.js';
import { parseRunJson, type RunJson } from '../../../src/report/run-json.js';
import { readMountView } from '../../../src/safety/stuck-mounts.js';
import { type CliResult, cliPath, runCli } from '../../support/cli.js';
import { disturb, killed } from '../../support/disturb.js';
import { differences, type MachineState, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';

const PAGE_BYTES = 4096;

const lacking = (await checkRequirements(untrustedRequirements)).find(isMissing);
const untrusted = () =>
  lacking === undefined ? undefined : `${lacking.requirement}: ${lacking.found} (${lacking.remedy})`;

function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'stuckfs-untrusted-'));
}

/** What is not as before: on the machine, in D state, or mounted in any mount namespace. */
function leftOf(untouched: MachineState, wasMounted: number): string[] {
  const mounted = stuckfsMountsElsewhere();
  return [
    ...differences(untouched, machineState()),
    ...ourTasksInD(),
    ...(mounted > wasMounted ? [`${mounted} mounts in other namespaces, and there were ${wasMounted}`] : []),
  ];
}

function stuckfsMountsElsewhere(): number {
  return readMountView('/').foreign.filter(({ entry }) => entry.fsType === 'fuse.stuckfs').length;
}

describe('run untrusted-mount', requires(root, devFuse, untrusted), () => {
  const directory = newDirectory();
  const out = join(directory, 'run');
  const untouched = machineState();
  const wasMounted = stuckfsMountsElsewhere();
  let result: CliResult;
  let run: RunJson;

  before(async () => {
    const words = ['untrusted-mount', '--on', 'host', '--stuck', '16M', '--hold', '1s', '--out', out];
    result = await runCli(['run', ...words], 120_000);
    run = parseRunJson(readFileSync(join(out, 'run.json'), 'utf8'), out);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  test('ends with exit status 0: migrated without the fault, stalled with it', () => {
    assert.equal(result.status, 0, result.stdout + result.stderr);
    assert.deepEqual(
      run.cells.map(({ arm, outcome, verdict }) => [arm, outcome, verdict]),
      [
        ['control', 'migrated', 'pass'],
        ['fault', 'stalled', 'pass'],
      ],
    );
  });

  test('is an unprivileged user in its own user namespace, under the limits that FUSE sets', () => {
    for (const { arm, evidence } of run.cells) {
      const { untrusted: user } = evidence;
      assert.ok(user, `${arm} arm`);
      assert.deepEqual([user.serverUid, user.writerUid, user.ownUserNamespace], [65_534, 65_534, true]);
      assert.equal(user.maxRatio, 1);
      assert.equal(user.strictLimit ?? 1, 1);
    }
  });

  test('gets as much stuck as the limits let it have, and not all that it wants', () => {
    const evidence = run.cells[1]?.evidence;
    const user = evidence?.untrusted;
    assert.ok(evidence && user?.atHoldEnd);
    assert.ok(user.writerStack?.includes('balance_dirty_pages'), user.writerStack?.join(' '));
    assert.ok(user.atTrigger.writtenBytes < user.wantedBytes, 'the writer was never stopped');
    assert.ok(evidence.stuckFolios > 0);
    assert.equal(evidence.stuckWriteback, evidence.stuckFolios);
    assert.ok(evidence.stuckFolios * PAGE_BYTES < user.wantedBytes);
    // Held, by the daemon's word and by the kernel's; what the crawling writer adds comes on top.
    assert.ok(user.atTrigger.heldBytes >= evidence.stuckFolios * PAGE_BYTES);
    // nr_writeback lags behind by what each CPU has not added up yet.
    assert.ok(user.atTrigger.writebackPages >= evidence.stuckFolios * 0.9);
    assert.ok(user.atHoldEnd.heldBytes >= user.atTrigger.heldBytes);
    assert.ok(user.atHoldEnd.writebackPages >= evidence.stuckFolios * 0.9);
    assert.ok(user.atHoldEnd.writtenBytes < user.wantedBytes);
  });

  test("has root's compaction wait for a folio of the user's", () => {
    const waiters = run.cells[1]?.evidence.waiters ?? [];
    const trigger = waiters.find(({ role }) => role === 'trigger');
    assert.ok(trigger);
    assert.ok(trigger.stack.includes('folio_wait_writeback'), trigger.stack.join(' '));
    assert.ok(trigger.waitsFor?.unique !== undefined && trigger.waitsFor.pfn !== undefined);
    for (const { evidence } of run.cells) assert.equal(evidence.byteExact, true);
  });

  test('tells all that in the report', () => {
    assert.match(result.stdout, /user: +uid 65534 in its own user namespace; max_ratio 1, strict_limit 1/);
    assert.match(result.stdout, /writer: +wrote \d+ of \d+ MiB, stopped in balance_dirty_pages/);
    assert.match(result.stdout, /at the end: +\d+ requests held/);
  });

  test('leaves the machine as it was', () => assert.deepEqual(leftOf(untouched, wasMounted), []));
});

/** Its death, or its own end, would free everybody too: stopped, it does neither. */
function stopDaemonAndKill(...roles: readonly string[]): (pidOf: (role: string) => number) => void {
  return (pidOf) => {
    process.kill(pidOf('daemon'), 'SIGSTOP');
    for (const role of roles) process.kill(pidOf(role), 'SIGKILL');
  };
}

describe('in the middle of a stall of untrusted-mount', requires(root, devFuse, untrusted), () => {
  const stall = { scenario: 'untrusted-mount', waitsIn: 'folio_wait_writeback', ends: killed };

  test('SIGKILL of the runner while the daemon is stopped: the watchdog does it', (t) =>
    disturb(t, { ...stall, act: stopDaemonAndKill('runner') }));

  test('SIGKILL of the runner and of the watchdog while the daemon is stopped, and then stuckfs rescue', (t) =>
    disturb(t, {
      ...stall,
      act: async (pidOf) => {
        stopDaemonAndKill('watchdog', 'runner')(pidOf);
        const rescue = await runCli(['rescue'], 10_000);
        assert.equal(rescue.status, 0, rescue.stderr);
      },
    }));
});

describe('run untrusted-mount where user namespaces are off', requires(root, devFuse, untrusted), () => {
  test('is skipped with the reason, and changes nothing', () => {
    const untouched = machineState();
    const directory = newDirectory();
    try {
      writeFileSync(join(directory, 'zero'), '0\n');
      const words = ['run', 'untrusted-mount', '--on', 'host', '--out', join(directory, 'run')];
      const hide = `mount --bind ${join(directory, 'zero')} /proc/sys/user/max_user_namespaces && exec "$@"`;
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        ['--mount', '--', 'sh', '-c', hide, 'sh', process.execPath, cliPath, ...words],
        { encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' },
      );
      assert.equal(status, 4, stdout + stderr);
      assert.match(stdout, /skipped: user namespaces: user\.max_user_namespaces is 0\s+\(sysctl /);
      assert.deepEqual(differences(untouched, machineState()), []);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
