/**
 * Which extended attributes a store serves, whichever way it keeps them, and how large they may be
 * (include/uapi/linux/limits.h).
 */
import { type Failure, fail } from './failure.js';

const XATTR_NAME_MAX = 255;
export const XATTR_SIZE_MAX = 65_536;
export const XATTR_LIST_MAX = 65_536;
/** Set when a file is executable with privilege: what a write must take away. */
export const CAPABILITY_XATTR = 'security.capability';
const namespaces = ['user.', 'trusted.', 'security.'];

/** system.posix_acl_* among those that are not: no ACLs are kept, so none may be set. */
export function isServedXattr(name: string): boolean {
  return namespaces.some((prefix) => name.length > prefix.length && name.startsWith(prefix));
}

/** What is wrong with setting an attribute of this name and value. */
export function refuseXattr(name: string, value: Buffer): Failure | undefined {
  if (name.length === 0 || name.length > XATTR_NAME_MAX) return fail('ERANGE');
  if (!isServedXattr(name)) return fail('EOPNOTSUPP');
  return value.length > XATTR_SIZE_MAX ? fail('E2BIG') : undefined;
}
