/**
 * How the store says no: a negative Linux errno as a branded number, so that a failure costs nothing on the
 * hot path and cannot be taken for a result without `isFailure`.  Results are never negative numbers.
 */
import { Errno, type ErrnoName } from '../base/errno.js';

declare const failure: unique symbol;

/** A negative errno, as `struct fuse_out_header.error` wants it. */
export type Failure = number & { readonly [failure]: true };
export type Result<T> = T | Failure;

export function fail(name: ErrnoName): Failure {
  return -Errno[name] as Failure;
}

export function isFailure(result: unknown): result is Failure {
  return typeof result === 'number' && result < 0;
}
