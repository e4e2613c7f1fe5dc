/** How a daemon starts and ends on the real kernel: what it takes, what it leaves, and what it leaves alone. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../../../src/control/client/client.js';
import type { DaemonReady, DaemonRefused } from '../../../src/daemon/config.js';
import { maxPagesLimit } from '../../../src/daemon/kernel-limits.js';
import { fuseAbortPath } from '../../../src/kernel/fusectl.js';
import { type MountEntry, readMountinfo } from '../../../src/kernel/mountinfo.js';
import { MNT_DETACH, umount2 } from '../../../src/syscall/mount.js';
import { eventually } from '../../support/eventually.js';
import { devFuse, requires, root } from '../../support/requirement.js';

const program = fileURLToPath(new URL('../../../src/daemon/main.js', import.meta.url));
const deadlineMs = 20_000;

interface Started {
  readonly child: ChildProcess;
  readonly mountPoint: string;
  readonly stateDirectories: () => string[];
  /** The line on the ready descriptor. */
  readonly said: Promise<Partial<DaemonReady & DaemonRefused>>;
  readonly status: Promise<number | NodeJS.Signals | null>;
}

function start(t: TestContext, config: Readonly<Record<string, unknown>> = {}): Started {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-daemon-'));
  const mountPoint = join(directory, 'mnt');
  const stateRoot = join(directory, 'state');
  mkdirSync(mountPoint);
  mkdirSync(stateRoot, { mode: 0o700 });
  const child = spawn(process.execPath, [program, JSON.stringify({ mountPoint, readyFd: 3, ...config })], {
    env: { ...process.env, STUCKFS_STATE_DIR: stateRoot },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  let text = '';
  const ready = child.stdio[3];
  ready?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const said = new Promise<Partial<DaemonReady & DaemonRefused>>((resolve, reject) => {
    ready?.on('end', () => (text === '' ? reject(new Error('not a word')) : resolve(JSON.parse(text))));
  });
  const status = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code)),
  );
  t.after(async () => {
    // The end of the daemon is the end of its connection: what is left cannot hang.
    child.kill('SIGKILL');
    await status;
    // The watchdog may be at it, too, and be the first.
    await eventually('nothing is mounted', deadlineMs, () => {
      if (mountsAt(mountPoint).length > 0) umount2(mountPoint, MNT_DETACH);
      return mountsAt(mountPoint).length === 0;
    });
    await eventually('the watchdog has ended', deadlineMs, () => stateDirectories().length === 0);
    rmSync(directory, { recursive: true, force: true });
  });
  const stateDirectories = () => readdirSync(stateRoot).filter((name) => name.startsWith('mount-'));
  return { child, mountPoint, stateDirectories, said, status };
}

function mountsAt(mountPoint: string): MountEntry[] {
  return readMountinfo().filter((entry) => entry.mountPoint === mountPoint);
}

async function startReady(t: TestContext, config?: Readonly<Record<string, unknown>>) {
  const started = start(t, config);
  const said = await started.said;
  assert.ok(said.ready, JSON.stringify(said));
  return { ...started, ready: said.ready };
}

/** Some containers do not allow it, to root neither. */
function lowerOomScore(): string | undefined {
  try {
    execFileSync('sh', ['-c', 'echo -900 >/proc/self/oom_score_adj'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'oom_score_adj may not be lowered: CAP_SYS_RESOURCE is needed';
  }
}

describe('a daemon', requires(root, devFuse), () => {
  test('ends on SIGTERM and leaves nothing', async (t) => {
    const { child, mountPoint, stateDirectories, status } = await startReady(t);
    child.kill('SIGTERM');
    assert.equal(await status, 0);
    assert.deepEqual(mountsAt(mountPoint), []);
    await eventually('no state directory', deadlineMs, () => stateDirectories().length === 0);
  });

  test('that outlives its connection ends by itself where nobody tells it to', async (t) => {
    const config = { outlivesConnection: true, maxHoldMs: 500 };
    const { child, mountPoint, stateDirectories, ready } = await startReady(t, config);
    writeFileSync(fuseAbortPath(ready.connection), '1');
    await eventually('its end', deadlineMs, () => child.exitCode === 0);
    assert.deepEqual(mountsAt(mountPoint), []);
    await eventually('no state directory', deadlineMs, () => stateDirectories().length === 0);
  });

  test('that is told to end while it starts undoes what it has begun, and says so', async (t) => {
    const { child, mountPoint, stateDirectories, said, status } = start(t);
    await eventually('the mount', deadlineMs, () => mountsAt(mountPoint).length === 1);
    child.kill('SIGTERM');
    const { error, ready: inTime } = await said;
    assert.equal(inTime, undefined, 'it was ready before the signal came');
    assert.match(error?.message ?? '', /SIGTERM came before the mount was ready/);
    assert.equal(await status, 143);
    assert.deepEqual(mountsAt(mountPoint), []);
    await eventually('no state directory', deadlineMs, () => stateDirectories().length === 0);
  });

  test('whose socket is taken refuses before it mounts', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'stuckfs-socket-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const socketPath = join(directory, 'taken.sock');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(socketPath, resolve));
    t.after(() => other.close());
    const { mountPoint, said, status, child } = start(t, { socketPath });
    let wasMounted = false;
    const watch = setInterval(() => {
      wasMounted ||= mountsAt(mountPoint).length > 0;
    }, 1);
    const { error } = await said;
    clearInterval(watch);
    assert.match(error?.message ?? '', /--socket: .*in use by another daemon/);
    assert.equal(await status, 2);
    assert.equal(wasMounted, false, `daemon ${child.pid}`);
  });

  test('does not unmount what was mounted over it', async (t) => {
    const { mountPoint, ready } = await startReady(t);
    execFileSync('mount', ['-t', 'tmpfs', 'stuckfs-test', mountPoint]);
    const client = connect({ socketPath: ready.socketPath });
    await assert.rejects(client.unmount({ force: true }), /tmpfs is mounted over it; unmount that first/);
    assert.deepEqual(
      mountsAt(mountPoint).map(({ fsType }) => fsType),
      ['fuse.stuckfs', 'tmpfs'],
    );
    execFileSync('umount', [mountPoint]);
    assert.equal((await client.unmount({})).detached, false);
    assert.deepEqual(mountsAt(mountPoint), []);
  });

  test('goes last but for its watchdog when memory runs out', requires(lowerOomScore), async (t) => {
    const { child, ready } = await startReady(t);
    const score = (pid: number | undefined | null) =>
      Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
    assert.deepEqual([score(child.pid), score(ready.watchdogPid)], [-900, -1000]);
  });

  test('tells the limits of the kernel, where they are lower than what was asked for', async (t) => {
    const { ready } = await startReady(t, { maxPages: 65_535 });
    const { protocol } = await connect({ socketPath: ready.socketPath }).status();
    assert.equal(protocol.maxPages, Math.min(65_535, maxPagesLimit()));
    assert.equal(protocol.maxWriteBytes, protocol.maxPages * 4096);
  });

  test('with --no-flush leaves record locks to the kernel, and a close drops them', async (t) => {
    const { mountPoint, ready } = await startReady(t, { noFlush: true, writebackCache: false });
    const script = `
import fcntl, os, sys
path = sys.argv[1]
a = os.open(path, os.O_RDWR | os.O_CREAT)
fcntl.lockf(a, fcntl.LOCK_EX)
os.close(os.open(path, os.O_RDWR))
pid = os.fork()
if pid == 0:
    b = os.open(path, os.O_RDWR)
    try:
        fcntl.lockf(b, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os._exit(0)
    except OSError:
        os._exit(1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
    execFileSync('python3', ['-c', script, join(mountPoint, 'locked')], {
      timeout: 10_000,
      killSignal: 'SIGKILL',
    });
    const { requests } = await connect({ socketPath: ready.socketPath }).status();
    assert.equal(requests.byOpcode['FUSE_FLUSH'], undefined);
    assert.equal(requests.byOpcode['FUSE_SETLK'], undefined);
  });
});
