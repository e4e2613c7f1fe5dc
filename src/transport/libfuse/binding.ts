/**
 * The native half of fuse-native 2.2.6, loaded only when it is asked for: an optional dependency.  Its JavaScript
 * half is left out: that one looks at the mount point, ends an operation after 15 s by a timer, and unmounts through
 * a shell.  Authority: fuse-native.c and index.js of fuse-native 2.2.6.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from '../../base/errors.js';
import { loadLibrary } from '../../syscall/libc.js';

/** What libfuse passes on, by the names of struct fuse_operations.  ACCESS is the kernel's (default_permissions). */
export const operationNames = [
  'init',
  'statfs',
  'fgetattr',
  'getattr',
  'flush',
  'fsync',
  'fsyncdir',
  'readdir',
  'truncate',
  'ftruncate',
  'utimens',
  'readlink',
  'chown',
  'chmod',
  'mknod',
  'setxattr',
  'getxattr',
  'listxattr',
  'removexattr',
  'open',
  'opendir',
  'read',
  'write',
  'release',
  'releasedir',
  'create',
  'unlink',
  'rename',
  'link',
  'symlink',
  'mkdir',
  'rmdir',
] as const;
export type OperationName = (typeof operationNames)[number];

/** The thread of libfuse that waits for the answer of one operation; opaque. */
export type Waiter = Buffer;

/** Answers an operation, once; `result` is -errno, 0 or a number of bytes.  What follows depends on the operation. */
export type Signal = (waiter: Waiter, result: number, ...more: readonly unknown[]) => void;

/** Called on the main thread, `op` being the number of the operation; must not throw. */
export type NativeHandler = (waiter: Waiter, op: number, ...words: never[]) => void;

type Numbers = { readonly [name in OperationName as `op_${name}`]: number };
type Signals = { readonly [name in OperationName as `fuse_native_signal_${name}`]: Signal };

export interface Binding extends Numbers, Signals {
  readonly sizeof_fuse_thread_t: number;
  /** Mounts, and starts the threads of libfuse.  `handlers` by the numbers of the operations; throws "fuse failed". */
  fuse_native_mount(
    mountPoint: string,
    options: string,
    thread: Buffer,
    context: object,
    allocate: (bytes: number) => Buffer,
    handlers: readonly (NativeHandler | undefined)[],
    implemented: Uint32Array,
  ): void;
  /** Does not unmount: lets go of the event loop. */
  fuse_native_unmount(mountPoint: string, thread: Buffer): void;
}

/** How many operations fuse-native counts. */
export const OPERATION_SLOTS = 35;

const fromHere = createRequire(import.meta.url);

/** Where fuse-native lies, and how its native half is loaded; for tests. */
export interface Loader {
  readonly directory: () => string;
  readonly load: (directory: string) => unknown;
  /** Loads the libfuse.so.2 that fuse-native itself brings, before the native half asks for one by that name. */
  readonly preload: (directory: string) => void;
}

const loader: Loader = {
  directory: () => dirname(fromHere.resolve('fuse-native/package.json')),
  load: (directory) => createRequire(join(directory, 'package.json'))('node-gyp-build')(directory),
  preload: (directory) => {
    const own = join(directory, 'prebuilds', `${process.platform}-${process.arch}`, 'libfuse.so');
    if (existsSync(own)) loadLibrary(own);
  },
};

/**
 * The system's libfuse.so.2 where there is one, else the one that fuse-native brings (2.9.9, for x64).
 * @throws {UsageError} that says what to install
 */
export function loadBinding({ directory, load, preload }: Loader = loader): Binding {
  let where: string;
  try {
    where = directory();
  } catch {
    throw refused('fuse-native is not installed: npm install fuse-native@2.2.6');
  }
  try {
    return load(where) as Binding;
  } catch (error) {
    if (!mentionsLibfuse(error)) throw refused(explain(error));
  }
  try {
    preload(where);
    return load(where) as Binding;
  } catch (error) {
    throw refused(explain(error));
  }
}

function mentionsLibfuse(error: unknown): boolean {
  return error instanceof Error && error.message.includes('libfuse.so.2');
}

function explain(error: unknown): string {
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  const remedy = mentionsLibfuse(error)
    ? 'install libfuse 2.9: apt-get install libfuse2 (libfuse2t64 on later systems)'
    : 'fuse-native 2.2.6 brings a binary for x64 with glibc only; use --transport dev-fuse';
  return `${message}: ${remedy}`;
}

function refused(remedy: string): UsageError {
  return new UsageError('--transport', 'libfuse', remedy);
}
