/**
 * A store and answers that are checked as they come: in memory, with a clock that moves only when told, or over a
 * directory of its own.  Tests by `onEachStore` run on both.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NodeId } from '../../../src/base/branded.js';
import { type ErrnoName, errnoName } from '../../../src/base/errno.js';
import { BackingStore, type BackingStoreOptions } from '../../../src/store/backing/backing-store.js';
import { isFailure, type Result } from '../../../src/store/failure.js';
import type { LockRequest } from '../../../src/store/lock.js';
import { OFFSET_MAX } from '../../../src/store/lock.js';
import { MemoryStore, type MemoryStoreOptions } from '../../../src/store/memory/memory-store.js';
import { S_IFREG } from '../../../src/store/mode.js';
import type { Attributes, Store } from '../../../src/store/store.js';

export const ROOT = 1 as NodeId;
const isRoot = process.geteuid?.() === 0;
/** Only root gives files away. */
export const owner = isRoot
  ? { uid: 1000, gid: 100 }
  : { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };

export class Fixture {
  readonly store: Store;
  sec = 1_000_000;

  constructor(options: Partial<MemoryStoreOptions> = {}, store?: Store) {
    const now = () => ({ sec: this.sec, nsec: 5 });
    this.store = store ?? new MemoryStore({ maxBytes: 2 ** 30, maxInodes: 10_000, now, ...options });
  }

  file(name: string, parent = ROOT): NodeId {
    return ok(this.store.mknod(parent, name, S_IFREG | 0o644, 0, owner)).nodeid;
  }

  directory(name: string, parent = ROOT): NodeId {
    return ok(this.store.mkdir(parent, name, 0o755, owner)).nodeid;
  }

  attributes(nodeid: NodeId): Attributes {
    return ok(this.store.getattr(nodeid));
  }

  write(nodeid: NodeId, offset: number, text: string | Buffer): number {
    return ok(this.store.write(nodeid, offset, Buffer.from(text), false));
  }

  read(nodeid: NodeId, offset = 0, size = 1 << 20): Buffer {
    const into = Buffer.alloc(size, 0xee);
    return into.subarray(0, ok(this.store.read(nodeid, offset, size, into)));
  }

  names(nodeid: NodeId): string[] {
    const handle = ok(this.store.opendir(nodeid));
    const names: string[] = [];
    ok(this.store.readdir(handle, 0, (name) => names.push(name) > 0));
    ok(this.store.release(handle));
    return names;
  }
}

/** Runs with a store over a new directory, and leaves nothing of it. */
export function withBackingStore(
  act: (store: BackingStore, directory: string, reports: string[]) => void,
  options: Partial<BackingStoreOptions> = {},
): void {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-store-'));
  const reports: string[] = [];
  const store = new BackingStore({
    directory,
    maxDescriptors: 16,
    isMounted: () => true,
    report: (failure) => reports.push(failure),
    nowMs: () => performance.now(),
    ...options,
  });
  try {
    act(store, directory, reports);
  } finally {
    store.close();
    // Node's own refuses paths above PATH_MAX.
    execFileSync('rm', ['-rf', directory]);
  }
}

/** A test of what every store does. `needsRoot`: where files are given away. */
export function onEachStore(
  name: string,
  act: (f: Fixture) => void,
  { needsRoot = false }: { readonly needsRoot?: boolean } = {},
): void {
  test(`${name} (memory)`, () => act(new Fixture()));
  const skip = needsRoot && !isRoot ? { skip: 'root is missing: run it with sudo' } : {};
  test(`${name} (backing)`, skip, () => withBackingStore((store) => act(new Fixture({}, store))));
}

export function ok<T>(result: Result<T>): T {
  if (isFailure(result)) assert.fail(`answered ${errnoName(-result)}`);
  return result as T;
}

export function fails(result: unknown, name: ErrnoName): void {
  assert.equal(isFailure(result) ? errnoName(-result) : result, name);
}

export function record(
  type: LockRequest['type'],
  by: number,
  start = 0,
  end: number | bigint = OFFSET_MAX,
): LockRequest {
  return { flavor: 'record', owner: BigInt(by), pid: 100 + by, type, start: BigInt(start), end: BigInt(end) };
}

export function flock(type: LockRequest['type'], by: number): LockRequest {
  return { flavor: 'flock', owner: BigInt(by), pid: 100 + by, type, start: 0n, end: OFFSET_MAX };
}
