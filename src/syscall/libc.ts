/**
 * The C library through koffi.  Owns the handle and the one convention of this room: a call answers what the
 * C function answers, or `-errno` (a small negative number) where C would answer -1 and set errno.
 * Nothing here throws for what the kernel says.
 */
import koffi from 'koffi';
import { StuckfsError } from '../base/errors.js';

/** The C library itself could not be loaded. */
export class LibcError extends StuckfsError {
  override readonly code = 'LIBC';
}

const candidates = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'];

function load(): ReturnType<typeof koffi.load> {
  const causes: unknown[] = [];
  for (const name of candidates) {
    try {
      return koffi.load(name);
    } catch (error) {
      causes.push(error);
    }
  }
  throw new LibcError(`no C library could be loaded (tried ${candidates.join(', ')})`, { cause: causes });
}

const libc = load();
/** So that none is unloaded when it is collected. */
const loaded: unknown[] = [];

/**
 * Loads a shared library for good.  What is loaded later and needs one of the same soname gets this one.
 * @throws what dlopen(3) says
 */
export function loadLibrary(path: string): void {
  loaded.push(koffi.load(path));
}

/** A function of the C library; `async` runs it on a thread of libuv's pool and calls back. */
export type Declared<F extends (...words: never[]) => unknown> = F & {
  readonly async: (...words: [...Parameters<F>, (error: unknown, result: ReturnType<F>) => void]) => void;
};

/** Declares a function of the C library by its prototype. */
export function declare<F extends (...words: never[]) => unknown>(prototype: string): Declared<F> {
  return libc.func(prototype) as unknown as Declared<F>;
}

/** What a C function answered, or -errno. Must be called before any other call into C on this thread. */
export function orErrno(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

/** `orErrno` for functions that answer a pointer: -errno where C answers MAP_FAILED. */
export function pointerOrErrno(address: bigint): bigint | number {
  return address === 0xffff_ffff_ffff_ffffn || address === -1n ? -koffi.errno() : address;
}
