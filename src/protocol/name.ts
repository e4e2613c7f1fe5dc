/**
 * Names as FUSE carries them: bytes, not text.  A ByteName holds one byte per character (latin1), so that a
 * name which is not UTF-8 survives and still works as a Map key.  Show it through displayName only.
 * Authority: fs/fuse/dir.c (how names are sent), fs/fuse/fuse_i.h (FUSE_NAME_MAX).
 */
import { ProtocolError } from './errors.js';

declare const byteName: unique symbol;
/** One byte per character, each below U+0100. */
export type ByteName = string & { readonly [byteName]: true };

/**
 * Longest name the kernel sends, without the NUL: PATH_MAX - 1 in fs/fuse/fuse_i.h.  Older kernels stop at
 * 1024, and so do newer ones while the server's read buffer is small.
 */
export const FUSE_NAME_MAX = 4095;
/** Longest name of an extended attribute, without the NUL (include/uapi/linux/limits.h). */
export const XATTR_NAME_MAX = 255;

const SLASH = 0x2f;
const DOT = 0x2e;

export function nameFromUtf8(text: string): ByteName {
  return Buffer.from(text, 'utf8').toString('latin1') as ByteName;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 where the bytes are UTF-8; else, and for control characters and backslashes, `\xNN`. */
export function displayName(name: ByteName): string {
  try {
    return utf8.decode(Buffer.from(name, 'latin1')).replace(/[\p{Cc}\\]/gu, (character) => {
      return [...Buffer.from(character, 'utf8')].map(escapeByte).join('');
    });
  } catch {
    return name.replace(/[^\x20-\x5b\x5d-\x7e]/g, (character) => escapeByte(character.charCodeAt(0)));
  }
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** Where the string that starts at `start` has its NUL; TRUNCATED when there is none before `end`. */
export function findNul(message: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (message[at] === 0) return at;
  }
  throw new ProtocolError('TRUNCATED', 'a string is not NUL-terminated', message);
}

/** The entry name at [start, nul). */
export function readName(message: Buffer, start: number, nul: number): ByteName {
  const name = readDotName(message, start, nul);
  const length = nul - start;
  if (length <= 2 && message[start] === DOT && message[nul - 1] === DOT) {
    throw new ProtocolError('BAD_NAME', `the name is "${name}"`, message);
  }
  return name;
}

/** As readName, but LOOKUP may also ask for "." and ".." (FUSE_EXPORT_SUPPORT, fs/fuse/inode.c). */
export function readDotName(message: Buffer, start: number, nul: number): ByteName {
  for (let at = start; at < nul; at++) {
    if (message[at] === SLASH) throw new ProtocolError('BAD_NAME', 'the name holds a slash', message);
  }
  return readBytes(message, start, nul, FUSE_NAME_MAX);
}

/** A symlink target: slashes and dots are its business. */
export function readTarget(message: Buffer, start: number, nul: number): ByteName {
  return readBytes(message, start, nul, FUSE_NAME_MAX);
}

export function readXattrName(message: Buffer, start: number, nul: number): ByteName {
  return readBytes(message, start, nul, XATTR_NAME_MAX);
}

function readBytes(message: Buffer, start: number, nul: number, max: number): ByteName {
  if (nul === start) throw new ProtocolError('BAD_NAME', 'the name is empty', message);
  if (nul - start > max) {
    throw new ProtocolError('BAD_NAME', `the name has ${nul - start} bytes, more than ${max}`, message);
  }
  return message.toString('latin1', start, nul) as ByteName;
}
