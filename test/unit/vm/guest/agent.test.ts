import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { serveJob, wantsXfs } from '../../../../src/vm/guest/agent.js';
import { type GuestJob, type GuestLine, overdueStatus, parseGuestLine } from '../../../../src/vm/protocol.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-agent-'));
after(() => rmSync(scratch, { recursive: true }));

let count = 0;

/** Serves a job whose `stuckfs` is a shell script, with files for ports. */
async function serve(
  script: string,
  words: readonly string[] = [],
  runDirectory = join(scratch, 'absent'),
  more: Partial<GuestJob> = {},
) {
  const directory = join(scratch, `${++count}`);
  mkdirSync(directory);
  const [log, result] = [join(directory, 'log'), join(directory, 'result')];
  const ports = { log: openSync(log, 'w'), result: openSync(result, 'w') };
  const job = { words, env: { FROM_JOB: 'given' }, patience: 2, ...more };
  try {
    await serveJob({ job, ports, stuckfs: ['/bin/sh', '-c', script, 'sh'], runDirectory });
  } finally {
    closeSync(ports.log);
    closeSync(ports.result);
  }
  const lines = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): GuestLine => {
      const parsed = parseGuestLine(line);
      assert.ok(parsed, line);
      return parsed;
    });
  const said = (stream: string) =>
    lines.flatMap((one) => ('stream' in one && one.stream === stream ? [one.line] : []));
  const last = lines.at(-1);
  assert.ok(last && 'exit' in last, 'the exit line is the last');
  return { lines, said, exit: last.exit, result: readFileSync(result), resultFile: result };
}

test('the job gets its words and its environment, and every line that it writes is passed on', async () => {
  const { lines, said, exit } = await serve(
    'printf "%s|" "$@"; echo; echo "$FROM_JOB $STUCKFS_PATIENCE"; echo trouble >&2; printf "no newline"; exit 3',
    ['run', 'a b', '--on'],
  );
  assert.deepEqual(said('stdout'), ['run|a b|--on|', 'given 2', 'no newline']);
  assert.deepEqual(said('stderr'), ['trouble']);
  assert.equal(exit, 3);
  assert.deepEqual(Object.keys(lines[0] ?? {}), ['t'], 'it says at once that it is there');
  const times = lines.map(({ t }) => t);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
});

test('a job that a signal ends has the status of a shell', async () => {
  assert.equal((await serve('kill -9 $$')).exit, 137);
});

test('a program that is not there is told, and the exit line comes', async () => {
  const file = join(scratch, 'log-of-nothing');
  const ports = { log: openSync(file, 'w'), result: openSync(`${file}.result`, 'w') };
  await serveJob({ job: { words: [], env: {}, patience: 1 }, ports, stuckfs: ['/nowhere/stuckfs'] });
  const text = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.match(text.at(-2) ?? '', /could not be started/);
  assert.match(text.at(-1) ?? '', /"exit":127/);
});

test('a heartbeat comes every second while the job is silent', async () => {
  const { lines } = await serve('sleep 2.5');
  assert.ok(lines.filter((line) => Object.keys(line).length === 1).length >= 3);
});

test('who holds the output of a job that has ended is not waited for for ever', async () => {
  const { exit, said } = await serve('echo before; sleep 60 & echo $!; exit 0');
  assert.equal(exit, 0);
  const [before, pid] = said('stdout');
  assert.equal(before, 'before');
  process.kill(Number(pid), 'SIGKILL');
});

test('the run directory is sent as a tar, and an absent one as an archive of nothing', async () => {
  assert.deepEqual((await serve('true')).result, Buffer.alloc(1024));
  const run = join(scratch, 'run');
  mkdirSync(join(run, 'pfns'), { recursive: true });
  writeFileSync(join(run, 'pfns/0-stuck.u64'), Buffer.alloc(5_000, 7));
  const { resultFile, exit } = await serve('exit 0', [], run);
  const unpacked = join(scratch, 'unpacked');
  mkdirSync(unpacked);
  assert.equal(spawnSync('tar', ['-x', '-f', resultFile, '-C', unpacked]).status, 0);
  assert.deepEqual(readFileSync(join(unpacked, 'pfns/0-stuck.u64')), Buffer.alloc(5_000, 7));
  assert.equal(exit, 0);
});

test('a job that does not end is killed, and what it recorded is sent', async () => {
  const run = join(scratch, 'late-run');
  mkdirSync(run);
  const script = `echo recorded >'${run}/events.jsonl'; echo $$; exec sleep 600`;
  const { exit, said, resultFile } = await serve(script, [], run, { deadlineMs: 2000 });
  assert.equal(exit, overdueStatus);
  assert.match(said('stderr').join(), /has not ended in 2000 ms and is killed/);
  assert.throws(() => process.kill(Number(said('stdout')[0]), 0), { code: 'ESRCH' });
  const { stdout } = spawnSync('tar', ['-x', '-O', '-f', resultFile, './events.jsonl'], { encoding: 'utf8' });
  assert.equal(stdout, 'recorded\n');
});

test('XFS is loaded for who asks for it, as it takes long', () => {
  assert.ok(wantsXfs(['run', '--scenario', 'min-order-folio']));
  assert.ok(wantsXfs(['run', '--all', '--trigger', 'compact']));
  assert.ok(!wantsXfs(['run', '--all', '--scenario', 'healthy']));
  assert.ok(!wantsXfs(['run', 'writeback-held']));
});
