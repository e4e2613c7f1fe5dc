/**
 * A QEMU that runs, with the sockets that its guest and its monitor speak through. It ends with whoever started it,
 * by launch-main.ts, and is never signalled but as our own child.
 * The sockets' names live in a private directory for as long as it takes QEMU to connect.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../../base/errors.js';
import { VmError } from '../vm-error.js';
import { hotplugSocket, sockets } from './command-line.js';
import { printable } from './console-watch.js';
import { QmpClient } from './qmp.js';

export interface QemuEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface QemuProcess {
  readonly pid: number;
  readonly qmp: QmpClient;
  readonly job: Socket;
  readonly log: Socket;
  readonly result: Socket;
  /** Where the guest may ask for memory to come and go. */
  readonly hotplug?: Socket;
  readonly console: Readable;
  /** Resolves when it has ended and all that it wrote has been read. */
  readonly ended: Promise<QemuEnd>;
  /** The last lines of its standard error. */
  complaint(): readonly string[];
  /** QMP quit, then SIGKILL. Resolves when it is gone; may be called again. */
  stop(): Promise<void>;
}

type Carried = keyof typeof sockets | typeof hotplugSocket;

/** Without the guest: QEMU connects before it starts one. Generous, as a busy host may be slow to start anything. */
const connectMs = 60_000;
const quitMs = 3000;
const complaintChars = 4096;
/** sizeof(sun_path) less its NUL, unix(7). */
const longestSocketBytes = 107;

/**
 * @param hasHotplug the words name one socket more
 * @throws {VmError} VM_QEMU with what it said; then no process is left
 */
export async function startQemu(
  program: string,
  words: readonly string[],
  hasHotplug = false,
): Promise<QemuProcess> {
  const directory = await privateDirectory();
  const open: Server[] = [];
  let child: ChildProcess | undefined;
  try {
    const names: Carried[] = Object.values(sockets);
    if (hasHotplug) names.push(hotplugSocket);
    const listening = names.map(async (name) => {
      const { server, listens, connection } = listen(join(directory, name));
      open.push(server);
      await listens;
      return { name, connection };
    });
    const connections = await Promise.all(listening);
    child = spawn(
      process.execPath,
      [fileURLToPath(new URL('launch-main.js', import.meta.url)), `${process.pid}`, program, ...words],
      // A session of its own: Ctrl-C in the terminal is the runner's to hear, and the runner ends it.
      { cwd: directory, detached: true, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const running = watch(child, program);
    const connected = await Promise.race([
      Promise.all(connections.map(async ({ name, connection }) => [name, await connection] as const)),
      running.ended.then(() => undefined),
      after(connectMs),
    ]);
    if (connected === undefined) throw running.failure('did not start');
    const carried = Object.fromEntries(connected) as Record<keyof typeof sockets, Socket>;
    const qmp = await QmpClient.greet(carried.qmp, connectMs).catch((cause: unknown) => {
      throw running.failure('did not answer', cause);
    });
    return { ...running, ...carried, qmp, stop: () => running.stop(qmp) };
  } catch (error) {
    child?.kill('SIGKILL');
    throw error;
  } finally {
    for (const server of open) server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function privateDirectory(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'stuckfs-vm-'));
  } catch (cause) {
    throw new UsageError('TMPDIR', tmpdir(), 'a directory that may be written to', { cause });
  }
}

function listen(path: string): {
  readonly server: Server;
  readonly listens: Promise<void>;
  readonly connection: Promise<Socket>;
} {
  if (Buffer.byteLength(path) > longestSocketBytes)
    throw new UsageError(
      'TMPDIR',
      tmpdir(),
      `a directory with a shorter name: ${path} is too long for a socket`,
    );
  const server = createServer();
  const connection = new Promise<Socket>((resolve) => {
    server.once('connection', (socket) => {
      // QEMU's death is told by its exit.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
  const listens = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return { server, listens, connection };
}

interface Running {
  readonly pid: number;
  readonly console: Readable;
  readonly ended: Promise<QemuEnd>;
  complaint(): readonly string[];
  failure(what: string, cause?: unknown): VmError;
  stop(qmp: QmpClient): Promise<void>;
}

function watch(child: ChildProcess, program: string): Running {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new VmError('VM_QEMU', `${program} cannot be started`, []);
  let said = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-complaintChars);
  });
  const ended = new Promise<QemuEnd>((resolve) => {
    child.once('error', (error) => {
      said += error.message;
      resolve({ status: null, signal: null });
    });
    child.once('close', (status, signal) => resolve({ status, signal }));
  });
  const complaint = (): readonly string[] =>
    said
      .split('\n')
      .map(printable)
      .filter((line) => line !== '');
  return {
    pid: child.pid ?? -1,
    console: stdout,
    ended,
    complaint,
    failure: (what, cause) => new VmError('VM_QEMU', `${program} ${what}`, complaint(), { cause }),
    stop: async (qmp) => {
      // Nobody may be reading any more, and what is not read keeps `close` from coming.
      stdout.resume();
      await qmp.execute('quit', {}, quitMs).catch(() => undefined);
      await Promise.race([ended, after(quitMs)]);
      child.kill('SIGKILL');
      await Promise.race([ended, after(quitMs)]);
    },
  };
}

/** Nothing of NODE_OPTIONS, which is meant for the runner. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH } = process.env;
  return {
    ...(PATH === undefined ? {} : { PATH }),
    ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }),
  };
}

/** Undefined, after this time. Keeps no event loop alive. */
function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref();
  });
}
