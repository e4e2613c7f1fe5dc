/** WRITEs pinned on a real mount: answered at once, and their folios in the daemon's pipes until they are released. */
import assert from 'node:assert/strict';
import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { type ControlClient, connect } from '../../../src/control/client/client.js';
import type { FaultInput } from '../../../src/control/contract/faults.js';
import { hasKpf, readKpageflagsOf } from '../../../src/kernel/kpageflags.js';
import { POSIX_FADV_DONTNEED, read } from '../../../src/syscall/file.js';
import { closePipe, pipe, setPipeSize, tee } from '../../../src/syscall/pipe.js';
import { cliPath } from '../../support/cli.js';
import type { FileActor } from '../../support/file-actor.js';
import { MountPlace, mounted } from '../../support/mounted.js';
import { runProgram } from '../../support/program.js';
import { devFuse, kernelFile, requires, root } from '../../support/requirement.js';

const { O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const PAGE = 4096;
const pattern = (length: number, seed = 1): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff));

/** A mount and the client of its daemon: many calls here, and a process for each would take its time. */
async function pinning(context: TestContext, ...options: readonly string[]) {
  const { place, ready, actor, at } = await mounted(context, ...options);
  return { place, ready, actor, at, client: connect({ socketPath: ready.socketPath }) };
}

const pinWrites: FaultInput = { match: { opcodes: ['write'] }, action: { type: 'pin' } };

/** The read ends of the pipes of a process that have no write end there: what a pin is. */
function pinnedPipes(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  const ends = new Map<string, string[]>();
  for (const fd of readdirSync(directory)) {
    let name: string;
    try {
      name = readlinkSync(`${directory}/${fd}`);
    } catch {
      continue;
    }
    if (name.startsWith('pipe:')) ends.set(name, [...(ends.get(name) ?? []), fd]);
  }
  return [...ends.values()].flatMap((fds) => {
    const [fd, ...more] = fds;
    if (fd === undefined || more.length > 0) return [];
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1];
    return (Number.parseInt(flags ?? '1', 8) & 3) === O_RDONLY ? [`${directory}/${fd}`] : [];
  });
}

/** What is in the pipes, which keep it: the bytes of all, in ascending order of length and first byte. */
function contentsOf(pipes: readonly string[]): Buffer[] {
  return pipes.map((path) => {
    const fd = openSync(path, O_RDONLY | O_NONBLOCK);
    const copy = pipe();
    assert.ok(typeof copy !== 'number');
    assert.ok(setPipeSize(copy.readFd, 1 << 20) > 0);
    const into = Buffer.alloc(1 << 20);
    try {
      const length = tee(fd, copy.writeFd, into.length);
      assert.ok(length >= 0, `tee: errno ${-length}`);
      return Buffer.from(into.subarray(0, Math.max(0, read(copy.readFd, into))));
    } finally {
      closePipe(copy);
      closeSync(fd);
    }
  });
}

/** A file of these bytes, with all of it in the daemon's pipes and answered. */
async function pinnedFile(
  { client, actor, path }: { client: ControlClient; actor: FileActor; path: string },
  bytes: Buffer,
): Promise<number> {
  const fd = await actor.ok('open', path, O_CREAT | O_RDWR);
  assert.equal(await actor.ok('write', fd, bytes, 0), bytes.length);
  const { id } = await client.addFault(pinWrites);
  assert.equal(await actor.ok('fsync', fd), 0);
  await client.removeFault(id);
  return fd;
}

const needs = requires(root, devFuse, kernelFile('/proc/kpageflags', 'CONFIG_PROC_PAGE_MONITOR=y'));

describe('pinned WRITEs', needs, () => {
  test('are answered, keep their folios in the page cache, and let them go at the release', async (context) => {
    const { place, ready, actor, at, client } = await pinning(
      context,
      '--splice',
      'read',
      '--max-pages',
      '255',
    );
    const bytes = pattern(3 * 255 * PAGE + 5000);
    assert.deepEqual(pinnedPipes(ready.pid), []);
    const fd = await pinnedFile({ client, actor, path: at('file') }, bytes);

    const { held, total, pinned } = await client.held();
    assert.deepEqual(total, { requests: 4, bytes: bytes.length });
    assert.deepEqual(pinned, total);
    for (const row of held) {
      assert.deepEqual([row.opcode, row.path, row.pinned], ['FUSE_WRITE', '/file', true]);
      assert.match(row.reason, /pin WRITE/);
    }
    const { held: waiting, pins } = await client.status();
    assert.deepEqual([waiting.requests, pins], [0, { ...total, refused: 0 }]);
    assert.match((await place.cli('status')).stdout, /^pinned +4 WRITEs/m);
    assert.match((await place.cli('held')).stdout, /WRITE .*pin WRITE, answered/);

    const contents = contentsOf(pinnedPipes(ready.pid)).toSorted((a, b) => b.length - a.length);
    assert.deepEqual(
      contents.map(({ length }) => length),
      [255 * PAGE, 255 * PAGE, 255 * PAGE, 5000],
    );
    for (const content of contents) assert.ok(bytes.includes(content), 'the bytes of a WRITE');

    // A folio with a reference more is not dropped.
    const nrPages = Math.ceil(bytes.length / PAGE);
    await actor.ok('fadvise', fd, 0, 0, POSIX_FADV_DONTNEED);
    assert.equal(await actor.ok('resident', fd, bytes.length), nrPages);

    assert.deepEqual(await client.release({ count: 1 }), {
      released: 1,
      bytes: held[0]?.size,
      remaining: 3,
    });
    assert.equal(pinnedPipes(ready.pid).length, 3);
    assert.deepEqual(await client.release(), {
      released: 3,
      bytes: bytes.length - (held[0]?.size ?? 0),
      remaining: 0,
    });
    assert.deepEqual(pinnedPipes(ready.pid), []);
    assert.deepEqual((await client.status()).pins, { requests: 0, bytes: 0, refused: 0 });
    await actor.ok('fadvise', fd, 0, 0, POSIX_FADV_DONTNEED);
    assert.equal(await actor.ok('resident', fd, bytes.length), 0, 'nothing holds them any more');
    assert.ok(Buffer.from(await actor.ok('read', fd, bytes.length, 0)).equals(bytes));
  });

  test('have the page-cache folio itself in the pipe, without writeback', async (context) => {
    const { ready, actor, at, client } = await pinning(context, '--splice', 'read');
    if (!(await writesBackItself(context, client, actor, at('probe')))) return;
    const bytes = pattern(8 * PAGE);
    const fd = await pinnedFile({ client, actor, path: at('file') }, bytes);
    const mapping = await actor.ok('map', fd, bytes.length);
    const flags = readKpageflagsOf(await actor.ok('pfns', mapping));
    assert.equal(flags.length, 8);
    for (const bits of flags) {
      assert.ok(hasKpf(bits, 'UPTODATE') && !hasKpf(bits, 'WRITEBACK') && !hasKpf(bits, 'DIRTY'));
    }
    assert.ok(contentsOf(pinnedPipes(ready.pid))[0]?.equals(bytes));
    const change = Buffer.from('changed later');
    await actor.ok('storeMapped', mapping, 3 * PAGE + 100, change);
    const changed = Buffer.from(bytes);
    change.copy(changed, 3 * PAGE + 100);
    assert.ok(contentsOf(pinnedPipes(ready.pid))[0]?.equals(changed), 'the change shows in the pipe');
    await actor.ok('fsync', fd);
    assert.ok(contentsOf(pinnedPipes(ready.pid)).some((content) => content.equals(changed)));
    await client.release();
    assert.ok(Buffer.from(await actor.ok('loadMapped', mapping, 0, bytes.length)).equals(changed));
  });

  test('over --max-pins are answered and counted, and the log says so once', async (context) => {
    const place = new MountPlace(context);
    const log = place.outside('log');
    const options = ['--splice', 'read', '--max-pins', '2', '--max-pages', '1', '--log-file', log];
    const ready = await place.mount(...options);
    const client = connect({ socketPath: ready.socketPath });
    const actor = place.actor();
    const bytes = pattern(5 * PAGE);
    const fd = await pinnedFile({ client, actor, path: `${place.mountPoint}/file` }, bytes);
    const { pins, splice } = await client.status();
    assert.equal(splice.maxPins, 2);
    assert.deepEqual(pins, { requests: 2, bytes: 2 * PAGE, refused: 3 });
    assert.equal(pinnedPipes(ready.pid).length, 2);
    assert.equal(readFileSync(log, 'utf8').match(/not pinned \(EMFILE\)/g)?.length, 1);
    await actor.ok('fadvise', fd, 0, 0, POSIX_FADV_DONTNEED);
    assert.equal(await actor.ok('resident', fd, bytes.length), 2, 'what was not pinned is not in a pipe');
    await client.release();
    assert.ok(Buffer.from(await actor.ok('read', fd, bytes.length, 0)).equals(bytes));
  });

  test('count for --max-hold: the watchdog aborts, and the daemon ends', async (context) => {
    const { place, actor, at, client } = await pinning(context, '--splice', 'read', '--max-hold', '1s');
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    await actor.ok('write', fd, pattern(PAGE), 0);
    await client.addFault(pinWrites);
    await actor.ok('fsync', fd);
    await place.gone(20_000);
  });

  test('are let go by unmount, also of a mount that is in use', async (context) => {
    const { place, actor, at, client } = await pinning(context, '--splice', 'read');
    await pinnedFile({ client, actor, path: at('file') }, pattern(5 * PAGE));
    const busy = await place.cli('unmount', place.mountPoint);
    assert.equal(busy.status, 1, busy.stdout);
    const fd = await actor.ok('open', at('other'), O_CREAT | O_RDWR);
    await actor.ok('write', fd, pattern(PAGE), 0);
    await client.addFault(pinWrites);
    await actor.ok('fsync', fd);
    assert.equal((await client.status()).pins.requests, 1);
    const result = await place.cli('unmount', '--force', '--json', place.mountPoint);
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(JSON.parse(result.stdout), { released: 1, bytes: PAGE, detached: true });
    await place.gone();
  });

  test('are refused on a mount that does not splice requests', async (context) => {
    const { place, client } = await pinning(context, '--splice', 'write');
    const result = await place.cli('fault', 'add', 'pin', 'write');
    assert.equal(result.status, 2);
    assert.match(result.stderr, /^stuckfs: action\.type: "pin": .*mount with --splice read$/m);
    assert.deepEqual(await client.faults(), { faults: [] });
  });
});

/** Whether writeback is of the page-cache folio (6.16); else the test is skipped, for a copy goes into the pipe. */
async function writesBackItself(
  context: TestContext,
  client: ControlClient,
  actor: FileActor,
  path: string,
): Promise<boolean> {
  const fd = await actor.ok('open', path, O_CREAT | O_RDWR);
  await actor.ok('write', fd, pattern(PAGE), 0);
  const pfns = await actor.ok('pfns', await actor.ok('map', fd, PAGE, false));
  await client.addFault({ match: { opcodes: ['write'] }, action: { type: 'hold' } });
  const fsync = actor.do('fsync', fd);
  await client.waitForHeld({ requests: 1, timeoutMs: 10_000 });
  const [bits = 0n] = readKpageflagsOf(pfns);
  await client.clearFaults();
  await client.release();
  await fsync;
  const isItself = hasKpf(bits, 'WRITEBACK');
  if (!isItself) context.skip('this kernel writes back copies of the folios: Linux 6.16 or later is missing');
  return isItself;
}

describe('RLIMIT_NOFILE and pins', requires(root, devFuse), () => {
  const read = ['--json', '--splice', 'read'];
  const mount = (place: MountPlace, limit: string, ...options: readonly string[]) => {
    const words = [process.execPath, cliPath, 'mount', ...options, place.mountPoint];
    return runProgram('/bin/sh', ['-c', `ulimit ${limit} && exec "$@"`, 'sh', ...words], {
      environment: place.environment,
      deadlineMs: 30_000,
    });
  };

  test('too low: an error that says the number needed, and nothing is mounted', async (context) => {
    const place = new MountPlace(context);
    const few = await mount(place, '-n 300', ...read);
    assert.equal(few.status, 2, few.stderr);
    assert.match(few.stderr, /RLIMIT_NOFILE: 300.*ulimit -n 320/);
    const fewer = await mount(place, '-n 330', ...read, '--max-pins', '80');
    assert.equal(fewer.status, 2, fewer.stderr);
    assert.match(fewer.stderr, /--max-pins: 80.*needs 336 descriptors.*is 330.*at most 74/);
    // Another mount on this machine may have brought fusectl.
    assert.deepEqual(
      place.leftovers().filter((line) => !line.startsWith('fusectl')),
      [],
    );
  });

  for (const limit of ['-n 330', '-Sn 100']) {
    test(`ulimit ${limit} is no hindrance to 72 pins`, async (context) => {
      const place = new MountPlace(context);
      const { status, stdout, stderr } = await mount(place, limit, ...read, '--max-pins', '72');
      assert.equal(status, 0, stderr);
      const { pid, watchdogPid, socketPath } = JSON.parse(stdout);
      place.watch(pid);
      place.watch(watchdogPid);
      assert.equal((await connect({ socketPath }).status()).splice.maxPins, 72);
    });
  }
});
