/**
 * A process that has to outlive whoever starts it, so that it can put the machine back: a watchdog, the guard of a run.
 * It is written down as soon as it runs, logs into the state directory, and has two pipes to its starter.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ChildError } from './children.js';
import type { ProcessIdentity } from './machine.js';
import type { ProcessRole } from './state.js';
import type { StateDirectory } from './state-directory.js';

export interface DetachedChildOptions {
  readonly role: ProcessRole;
  /** The built file that it runs, and its one argument. */
  readonly entry: URL;
  readonly argument: string;
  /** Of the starter: the process is written down in it, and its log lies there (ROLE.log). */
  readonly directory: StateDirectory;
  /** Descriptor 3. */
  readonly leash?: number | 'pipe' | undefined;
}

export interface DetachedChild extends ProcessIdentity {
  readonly process: ChildProcess;
  readonly stdin: Writable;
  readonly stdout: Readable;
}

/** @throws {ChildError} when it cannot be started; what else is thrown leaves no process behind either */
export async function spawnDetached(options: DetachedChildOptions): Promise<DetachedChild> {
  const { role, entry, argument, directory, leash } = options;
  const logFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const logFd = openSync(directory.file(`${role}.log`), logFlags, 0o600);
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [fileURLToPath(entry), argument], {
      // A session of its own: Ctrl-C in the terminal does not reach it.
      detached: true,
      // Never below the mount.
      cwd: '/',
      env: environment(),
      stdio: ['pipe', 'pipe', logFd, ...(leash === undefined ? [] : [leash])],
    });
  } finally {
    closeSync(logFd);
  }
  const { stdin, stdout } = child;
  if (child.pid === undefined || stdin === null || stdout === null) {
    const cause = await new Promise<unknown>((resolve) => child.once('error', resolve));
    throw new ChildError(`the ${role} could not be started`, { cause });
  }
  // Its death is told by its exit; who then writes to it finds nobody, which is no error of the writer's.
  for (const stream of [stdin, stdout, child.stdio[3]]) stream?.on('error', () => undefined);
  try {
    return { process: child, stdin, stdout, ...directory.addProcess(role, child.pid) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** From now on it keeps no event loop alive. */
export function unrefChild({ process: child, stdin, stdout }: DetachedChild): void {
  child.unref();
  for (const stream of [stdin, stdout, child.stdio[3] ?? stdin])
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}

/** Nothing of NODE_OPTIONS, which may name a file below the mount. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH, STUCKFS_PATIENCE } = process.env;
  return {
    ...(PATH === undefined ? {} : { PATH }),
    ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }),
    ...(STUCKFS_PATIENCE === undefined ? {} : { STUCKFS_PATIENCE }),
  };
}
