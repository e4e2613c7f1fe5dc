/** Which store a mount is served from: one in memory, or one over a directory. */
import { readMountinfo } from '../kernel/mountinfo.js';
import { BackingStore } from '../store/backing/backing-store.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import type { Store, Timestamp } from '../store/store.js';
import { maxOpenFiles } from '../syscall/process.js';
import type { DaemonConfig } from './config.js';

const NS_IN_MS = 1_000_000;

/** Wall clock with the nanoseconds of the monotonic one, so that two changes in a row have different times. */
function now(): Timestamp {
  const ms = performance.timeOrigin + performance.now();
  const sec = Math.floor(ms / 1000);
  return { sec, nsec: Math.floor((ms - sec * 1000) * NS_IN_MS) };
}

/** Each of the store's two kinds of descriptors gets a quarter of what the process may have, at most this many. */
const MAX_DESCRIPTORS = 4096;
/** Of both kinds: whoever else takes descriptors by the thousand leaves it so many. */
export const descriptorsOfBacking = 2 * MAX_DESCRIPTORS;
/** A walk down to a file keeps the directories above it. */
const MIN_DESCRIPTORS = 16;

export interface StoreSurroundings {
  /** Of a store in memory. */
  readonly maxBytes: number;
  readonly log: (level: 'error', text: string) => void;
}

/** Throws UsageError when the backing directory cannot be served. */
export function openStore(config: DaemonConfig, { maxBytes, log }: StoreSurroundings): Store {
  if (config.backing === undefined) return new MemoryStore({ maxBytes, maxInodes: config.maxInodes, now });
  return new BackingStore({
    directory: config.backing,
    maxDescriptors: Math.max(MIN_DESCRIPTORS, Math.min(MAX_DESCRIPTORS, Math.floor(maxOpenFiles() / 4))),
    isMounted: (mountId) => readMountinfo().some((entry) => entry.mountId === mountId),
    report: (failure) => log('error', failure),
    nowMs: () => performance.now(),
  });
}
