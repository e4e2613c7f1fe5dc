/** A memory store with a clock that moves only when told, and answers that are checked as they come. */
import assert from 'node:assert/strict';
import type { NodeId } from '../../../src/base/branded.js';
import { type ErrnoName, errnoName } from '../../../src/base/errno.js';
import { isFailure, type Result } from '../../../src/store/failure.js';
import type { LockRequest } from '../../../src/store/lock.js';
import { OFFSET_MAX } from '../../../src/store/lock.js';
import { MemoryStore, type MemoryStoreOptions } from '../../../src/store/memory/memory-store.js';
import { S_IFREG } from '../../../src/store/mode.js';
import type { Attributes } from '../../../src/store/store.js';

export const ROOT = 1 as NodeId;
export const owner = { uid: 1000, gid: 100 };

export class Fixture {
  readonly store: MemoryStore;
  sec = 1_000_000;

  constructor(options: Partial<MemoryStoreOptions> = {}) {
    const now = () => ({ sec: this.sec, nsec: 5 });
    this.store = new MemoryStore({ maxBytes: 2 ** 30, maxInodes: 10_000, now, ...options });
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
