/**
 * What the memory store may use and what it has used: data, and everything on the JavaScript heap that a client
 * can cause (inodes, names, xattrs, targets), at what it really costs.  Knows nothing of what is charged.
 */
import { UsageError } from '../../base/errors.js';

export interface StoreLimits {
  /** Data and metadata together. */
  readonly maxBytes: number;
  readonly maxInodes: number;
  /** Heap objects only, within maxBytes: the V8 heap has a limit of its own. Default 1 GiB. */
  readonly maxMetadataBytes?: number | undefined;
  /** Locks held and waited for, all inodes together; ENOLCK above. Default 65,536. */
  readonly maxLocks?: number | undefined;
}

/** A Map holds 2^24 entries and throws above; half of that leaves room for its tombstones. */
export const MAP_MAX_ENTRIES = 2 ** 23;

export class Budget {
  readonly maxBytes: number;
  readonly maxInodes: number;
  readonly maxLocks: number;
  readonly #maxMetadataBytes: number;
  #dataBytes = 0;
  #metadataBytes = 0;
  #nrInodes = 0;

  constructor(limits: StoreLimits) {
    this.maxBytes = checked('maxBytes', limits.maxBytes, Number.MAX_SAFE_INTEGER);
    this.maxInodes = checked('maxInodes', limits.maxInodes, MAP_MAX_ENTRIES);
    this.maxLocks = checked('maxLocks', limits.maxLocks ?? 65_536, MAP_MAX_ENTRIES);
    this.#maxMetadataBytes = checked(
      'maxMetadataBytes',
      limits.maxMetadataBytes ?? 2 ** 30,
      Number.MAX_SAFE_INTEGER,
    );
  }

  get usedBytes(): number {
    return this.#dataBytes + this.#metadataBytes;
  }

  get freeBytes(): number {
    return this.maxBytes - this.usedBytes;
  }

  get nrInodes(): number {
    return this.#nrInodes;
  }

  /** False, and nothing charged, when it does not fit. */
  chargeData(bytes: number): boolean {
    if (bytes > this.freeBytes) return false;
    this.#dataBytes += bytes;
    return true;
  }

  refundData(bytes: number): void {
    this.#dataBytes -= bytes;
  }

  /** False, and nothing charged, when it does not fit. */
  chargeMetadata(bytes: number): boolean {
    if (bytes > this.freeBytes || this.#metadataBytes + bytes > this.#maxMetadataBytes) return false;
    this.#metadataBytes += bytes;
    return true;
  }

  refundMetadata(bytes: number): void {
    this.#metadataBytes -= bytes;
  }

  chargeInode(bytes: number): boolean {
    if (this.#nrInodes >= this.maxInodes || !this.chargeMetadata(bytes)) return false;
    this.#nrInodes++;
    return true;
  }

  refundInode(bytes: number): void {
    this.#nrInodes--;
    this.refundMetadata(bytes);
  }
}

function checked(field: string, value: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new UsageError(field, value, `give a whole number from 0 to ${max}`);
  }
  return value;
}
