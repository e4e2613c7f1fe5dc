/**
 * Extended attributes of an inode.  The list limit is held when an attribute is set, so that a list can always be
 * answered.
 */
import { fail, type Result } from '../failure.js';
import { XATTR_CREATE, XATTR_REPLACE } from '../mode.js';
import { CAPABILITY_XATTR, isServedXattr, refuseXattr, XATTR_LIST_MAX } from '../xattr-name.js';
import type { Budget } from './budget.js';
import type { Inode } from './inode.js';

/** A Buffer of its own and a Map slot, as measured, rounded up; the first one also pays for the Map. */
const XATTR_BYTES = 512;

export function setXattr(
  budget: Budget,
  inode: Inode,
  name: string,
  value: Buffer,
  flags: number,
): Result<0> {
  const wrong = refuseXattr(name, value);
  if (wrong !== undefined) return wrong;
  if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return fail('EINVAL');

  const old = inode.xattrs?.get(name);
  if (old !== undefined && (flags & XATTR_CREATE) !== 0) return fail('EEXIST');
  if (old === undefined && (flags & XATTR_REPLACE) !== 0) return fail('ENODATA');
  if (old === undefined && listBytes(inode) + name.length + 1 > XATTR_LIST_MAX) return fail('ENOSPC');

  const oldBytes = old === undefined ? 0 : xattrBytes(name, old);
  const delta = xattrBytes(name, value) - oldBytes;
  if (delta > 0 && !budget.chargeMetadata(delta)) return fail('ENOSPC');
  if (delta < 0) budget.refundMetadata(-delta);
  // The pool of Buffer.from would keep 8 KiB alive for a value of one byte.
  const kept = Buffer.allocUnsafeSlow(value.length);
  value.copy(kept);
  inode.xattrs ??= new Map();
  inode.xattrs.set(name, kept);
  return 0;
}

/** The stored value itself: not to be written to. */
export function getXattr(inode: Inode, name: string): Result<Buffer> {
  if (!isServedXattr(name)) return fail('EOPNOTSUPP');
  return inode.xattrs?.get(name) ?? fail('ENODATA');
}

export function listXattrs(inode: Inode): readonly string[] {
  return inode.xattrs === undefined ? [] : [...inode.xattrs.keys()];
}

export function removeXattr(budget: Budget, inode: Inode, name: string): Result<0> {
  if (!isServedXattr(name)) return fail('EOPNOTSUPP');
  const old = inode.xattrs?.get(name);
  if (old === undefined) return fail('ENODATA');
  budget.refundMetadata(xattrBytes(name, old));
  inode.xattrs?.delete(name);
  if (inode.xattrs?.size === 0) inode.xattrs = undefined;
  return 0;
}

export function dropCapability(budget: Budget, inode: Inode): void {
  if (inode.xattrs !== undefined) removeXattr(budget, inode, CAPABILITY_XATTR);
}

export function freeXattrs(budget: Budget, inode: Inode): void {
  for (const [name, value] of inode.xattrs ?? []) budget.refundMetadata(xattrBytes(name, value));
  inode.xattrs = undefined;
}

function xattrBytes(name: string, value: Buffer): number {
  return XATTR_BYTES + name.length + value.length;
}

function listBytes(inode: Inode): number {
  let bytes = 0;
  for (const name of inode.xattrs?.keys() ?? []) bytes += name.length + 1;
  return bytes;
}
