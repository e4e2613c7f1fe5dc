/** Extended attributes of files in the backing directory: those that the memory store serves too, by the same names. */
import type { NodeId } from '../../base/branded.js';
import { getxattr, listxattr, removexattr, setxattr } from '../../syscall/xattr.js';
import { fail, isFailure, type Result } from '../failure.js';
import { isServedXattr, refuseXattr, XATTR_LIST_MAX, XATTR_SIZE_MAX } from '../xattr-name.js';
import type { Tree } from './tree.js';

/** Of the largest value and of the longest list. */
const buffer = Buffer.alloc(Math.max(XATTR_SIZE_MAX, XATTR_LIST_MAX));

export function setXattr(tree: Tree, nodeid: NodeId, name: string, value: Buffer, flags: number): Result<0> {
  const opened = tree.open(nodeid);
  if (isFailure(opened)) return opened;
  const wrong = refuseXattr(name, value);
  if (wrong !== undefined) return wrong;
  const set: Result<number> = setxattr(opened.fd, name, value, flags);
  return isFailure(set) ? set : 0;
}

export function getXattr(tree: Tree, nodeid: NodeId, name: string): Result<Buffer> {
  const opened = tree.open(nodeid);
  if (isFailure(opened)) return opened;
  if (!isServedXattr(name)) return fail('EOPNOTSUPP');
  const length: Result<number> = getxattr(opened.fd, name, buffer);
  return isFailure(length) ? length : Buffer.from(buffer.subarray(0, length));
}

export function listXattrs(tree: Tree, nodeid: NodeId): Result<readonly string[]> {
  const opened = tree.open(nodeid);
  if (isFailure(opened)) return opened;
  const length: Result<number> = listxattr(opened.fd, buffer);
  if (isFailure(length)) return length;
  return buffer.toString('latin1', 0, length).split('\0').filter(isServedXattr);
}

export function removeXattr(tree: Tree, nodeid: NodeId, name: string): Result<0> {
  const opened = tree.open(nodeid);
  if (isFailure(opened)) return opened;
  if (!isServedXattr(name)) return fail('EOPNOTSUPP');
  const removed: Result<number> = removexattr(opened.fd, name);
  return isFailure(removed) ? removed : 0;
}
