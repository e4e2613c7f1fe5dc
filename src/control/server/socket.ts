/**
 * Owns the socket file: whether the path may be taken, its mode, and its end.
 * bind(2) makes the file with 0777 & ~umask (unix(7)), so the umask around bind is what leaves no moment in
 * which others could connect; libuv binds within listen() and unlinks the file when the server closes.
 */
import { lstat, stat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { UsageError } from '../../base/errors.js';
import { checkSocketPath, socketField } from '../contract/socket-path.js';

const umaskFor0600 = 0o177;
const probeTimeoutMs = 1000;

/** Listens on the path with mode 0600; UsageError when the path cannot be had. Main thread only (umask). */
export async function listenOnSocket(server: Server, socketPath: string): Promise<void> {
  checkSocketPath(socketPath);
  await clearTheWay(socketPath);
  await new Promise<void>((resolve, reject) => {
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

async function clearTheWay(socketPath: string): Promise<void> {
  const before = await inodeOf(socketPath);
  if (before === undefined) {
    // libuv answers EACCES for a missing directory, which would send the user after the wrong thing.
    await stat(dirname(socketPath)).catch((cause) => {
      throw bindError(socketPath, cause);
    });
    return;
  }
  if (!before.isSocket()) {
    throw new UsageError(socketField, socketPath, 'exists and is not a socket; give another path');
  }
  if (await answers(socketPath)) throw inUse(socketPath);
  // Another daemon may have replaced the dead socket meanwhile; its live one must stay.
  const after = await inodeOf(socketPath);
  if (after === undefined) return;
  if (after.ino !== before.ino || after.ctimeNs !== before.ctimeNs) throw inUse(socketPath);
  await unlink(socketPath).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw bindError(socketPath, cause);
  });
}

async function inodeOf(socketPath: string) {
  try {
    return await lstat(socketPath, { bigint: true });
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

function bindError(socketPath: string, cause: NodeJS.ErrnoException): UsageError {
  if (cause.code === 'EADDRINUSE') return inUse(socketPath);
  const remedy =
    cause.code === 'ENOENT' ? 'its directory does not exist' : `cannot be made here: ${cause.message}`;
  return new UsageError(socketField, socketPath, remedy, { cause });
}
