/** Extended attributes of an open file, also one opened with O_PATH: setxattr(2), getxattr(2), listxattr(2), removexattr(2). */
import { declare, orErrno } from './libc.js';
import { cString, descriptorPath } from './raw.js';

const cSetxattr = declare<
  (path: Uint8Array, name: Uint8Array, value: Uint8Array, size: number, flags: number) => number
>('int setxattr(const void *path, const void *name, const void *value, size_t size, int flags)');
const cGetxattr = declare<(path: Uint8Array, name: Uint8Array, into: Uint8Array, size: number) => number>(
  'int64_t getxattr(const void *path, const void *name, void *into, size_t size)',
);
const cListxattr = declare<(path: Uint8Array, into: Uint8Array, size: number) => number>(
  'int64_t listxattr(const void *path, void *into, size_t size)',
);
const cRemovexattr = declare<(path: Uint8Array, name: Uint8Array) => number>(
  'int removexattr(const void *path, const void *name)',
);

/** 0 or -errno. */
export function setxattr(fd: number, name: string, value: Uint8Array, flags: number): number {
  return orErrno(cSetxattr(descriptorPath(fd), cString(name), value, value.length, flags));
}

/** Bytes of the value, put into the start of `into`; or -errno. */
export function getxattr(fd: number, name: string, into: Uint8Array): number {
  return orErrno(cGetxattr(descriptorPath(fd), cString(name), into, into.length));
}

/** Bytes of the names, each with its NUL, put into the start of `into`; or -errno. */
export function listxattr(fd: number, into: Uint8Array): number {
  return orErrno(cListxattr(descriptorPath(fd), into, into.length));
}

/** 0 or -errno. */
export function removexattr(fd: number, name: string): number {
  return orErrno(cRemovexattr(descriptorPath(fd), cString(name)));
}
