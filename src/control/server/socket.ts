/**
 * Owns the socket file: whether the path may be taken, its mode, and its end.
 * bind(2) makes the file with 0777 & ~umask (unix(7)), so the umask around bind is what leaves no moment in
 * which others could connect; libuv binds within listen() and unlinks the file when the server closes.
 */
import { constants } from 'node:fs';
import { lstat, open, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Errno, errnoName } from '../../base/errno.js';
import { UsageError } from '../../base/errors.js';
import { tryFlock } from '../../syscall/flock.js';
import { checkSocketPath, socketField } from '../contract/socket-path.js';

const umaskFor0600 = 0o177;
const probeTimeoutMs = 1000;
/** Whoever has the lock needs it for a probe. */
const lockPatienceMs = 5 * probeTimeoutMs;
const lockPauseMs = 10;

/** Listens on the path with mode 0600; UsageError when the path cannot be had. Main thread only (umask). */
export async function listenOnSocket(server: Server, socketPath: string): Promise<void> {
  checkSocketPath(socketPath);
  await alone(socketPath, async () => {
    await clearTheWay(socketPath);
    await bindAndListen(server, socketPath);
  });
}

function bindAndListen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => reject(bindError(socketPath, cause));
    server.once('error', failed);
    const umask = process.umask(umaskFor0600);
    try {
      server.listen({ path: socketPath }, () => {
        server.off('error', failed);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

/**
 * From the look at the path until the socket listens, no other daemon may do the same: a socket is dead to a probe
 * before its owner listens, and nothing about an inode tells a new socket from the dead one that it replaced (its
 * number is used again at once, and ctime is as coarse as a tick).  The lock is flock(2) on the directory, which
 * leaves no file behind.
 */
async function alone<T>(socketPath: string, act: () => Promise<T>): Promise<T> {
  // Opened before libuv is asked: that answers EACCES for a missing directory, and the user looks at the wrong thing.
  const directory = await open(dirname(socketPath), constants.O_RDONLY | constants.O_DIRECTORY).catch(
    (cause) => {
      throw bindError(socketPath, cause);
    },
  );
  try {
    const untilMs = performance.now() + lockPatienceMs;
    for (;;) {
      const result = tryFlock(directory.fd);
      if (result === 0) return await act();
      const busy = result === -Errno.EAGAIN || result === -Errno.EINTR;
      if (busy && performance.now() < untilMs) await sleep(lockPauseMs);
      else throw lockError(socketPath, result);
    }
  } finally {
    await directory.close();
  }
}

async function clearTheWay(socketPath: string): Promise<void> {
  const there = await inodeOf(socketPath);
  if (there === undefined) return;
  if (!there.isSocket()) {
    throw new UsageError(socketField, socketPath, 'exists and is not a socket; give another path');
  }
  if (await answers(socketPath)) throw inUse(socketPath);
  await unlink(socketPath).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw bindError(socketPath, cause);
  });
}

async function inodeOf(socketPath: string) {
  try {
    return await lstat(socketPath);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    if (cause.code === 'ENOENT') return undefined;
    throw bindError(socketPath, cause);
  }
}

/** Only ECONNREFUSED proves that nobody listens; a server too busy to accept counts as alive. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path: socketPath });
    const settle = (alive: boolean) => {
      probe.destroy();
      resolve(alive);
    };
    probe.setTimeout(probeTimeoutMs, () => settle(true));
    probe.once('connect', () => settle(true));
    probe.once('error', (error: NodeJS.ErrnoException) => {
      settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

function inUse(socketPath: string): UsageError {
  return new UsageError(socketField, socketPath, 'is in use by another daemon; give another path');
}

function lockError(socketPath: string, result: number): UsageError {
  const remedy =
    result === -Errno.EAGAIN
      ? 'another process keeps its directory locked (flock); give a path in another directory'
      : `its directory cannot be locked: flock: ${errnoName(-result)}`;
  return new UsageError(socketField, socketPath, remedy);
}

function bindError(socketPath: string, cause: NodeJS.ErrnoException): UsageError {
  if (cause.code === 'EADDRINUSE') return inUse(socketPath);
  const remedy =
    cause.code === 'ENOENT' ? 'its directory does not exist' : `cannot be made here: ${cause.message}`;
  return new UsageError(socketField, socketPath, remedy, { cause });
}
