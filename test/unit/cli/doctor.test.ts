/** doctor: as root and as nobody; the exit status follows from the requirements that it tells. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RequirementRow } from '../../../src/kernel/requirements/requirement.js';
import { assertOneLineError, freshDirectory, program, runCli } from './run-cli.js';

interface Report {
  readonly canRun: boolean;
  readonly requirements: readonly RequirementRow[];
}

const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

function whyNotNobody(): string | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const [command = '', ...rest] = [...asNobody, process.execPath, program, '--version'];
  const { status, stderr, error } = spawnSync(command, rest, { encoding: 'utf8', timeout: 30_000 });
  if (status === 0) return undefined;
  const why = error?.message ?? stderr.trim().split('\n').at(-1);
  return `user 65534 cannot run this checkout (${why}): put it where others may read it`;
}

const blocked = whyNotNobody();
const nobody = blocked === undefined ? {} : { skip: blocked };
const prefix = process.geteuid?.() === 0 ? asNobody : [];

function rowOf({ requirements }: Report, name: string): RequirementRow {
  const row = requirements.find(({ requirement }) => requirement === name);
  assert.ok(row !== undefined, name);
  return row;
}

test('the exit status says whether the main job can run', async () => {
  const { status, stdout, stderr } = await runCli(['doctor', '--json']);
  const report = JSON.parse(stdout) as Report;
  assert.equal(stderr, '');
  assert.equal(status, report.canRun ? 0 : 4);
  const ofMainJob = ({ neededFor }: RequirementRow) =>
    neededFor.some((need) => /^(mount|compact)$/.test(need));
  const blocking = report.requirements.filter(
    (row) => row.state === 'missing' && !row.optional && ofMainJob(row),
  );
  assert.equal(report.canRun, blocking.length === 0);
  assert.equal(rowOf(report, 'Node').state, 'ok');
  assert.equal(rowOf(report, 'C library').state, 'ok');
  assert.equal(rowOf(report, 'privilege').state === 'ok', hasSysAdmin());
  for (const row of report.requirements) {
    assert.ok(row.neededFor.length > 0, row.requirement);
    assert.equal(row.remedy === undefined, row.state === 'ok', row.requirement);
  }
});

function hasSysAdmin(): boolean {
  const capEff = /^CapEff:\t(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return ((BigInt(`0x${capEff}`) >> 21n) & 1n) === 1n;
}

test('the table has a line for each requirement and a remedy for each that is not there', async () => {
  const { stdout } = await runCli(['doctor']);
  const { requirements } = JSON.parse((await runCli(['doctor', '--json'])).stdout) as Report;
  const [table = '', ...rest] = stdout.split('\n\n');
  assert.deepEqual(
    table
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/)[0]),
    requirements.map(({ requirement }) => requirement),
  );
  for (const { remedy } of requirements) assert.ok(rest.join('\n').includes(remedy ?? ''), remedy);
  assert.match(stdout, /\ncan(not)? run here: stuckfs run writeback-held --trigger compact --on host/);
  assert.ok(!stdout.includes('\u001b'));
});

test('an unprivileged user gets told what is missing, and 4', nobody, async () => {
  const { status, stdout, stderr } = await runCli(['doctor', '--json'], { prefix });
  assert.equal(stderr, '');
  assert.equal(status, 4);
  const report = JSON.parse(stdout) as Report;
  assert.equal(report.canRun, false);
  for (const name of [
    'privilege',
    '/proc/kpageflags',
    '/proc/kpagecount',
    '/proc/PID/pagemap',
    'vm.compact_memory',
  ]) {
    const { state, remedy } = rowOf(report, name);
    assert.equal(state, 'missing', name);
    assert.match(remedy ?? '', /root|sudo/, name);
  }
  assert.equal(rowOf(report, 'Node').state, 'ok');
});

test('doctor changes nothing: the same mounts before and after', async () => {
  const before = readFileSync('/proc/self/mountinfo', 'utf8');
  const tracing = (text: string) => text.split('\n').filter((line) => / - (tracefs|debugfs) /.test(line));
  await runCli(['doctor']);
  assert.deepEqual(tracing(readFileSync('/proc/self/mountinfo', 'utf8')), tracing(before));
});

test(
  'mount by an unprivileged user is refused in one line that says how to become able',
  nobody,
  async (context) => {
    const directory = freshDirectory(context);
    chmodSync(directory, 0o755);
    const result = await runCli(['mount', directory], { prefix });
    assertOneLineError(result, 2, ['privilege: "effective uid ', 'sudo']);
  },
);
