/**
 * What `--kernel` is given: `debian:6.12` or shortly `6.12`, a Debian package, or the path of a bzImage.  Only the
 * words are looked at, never a file.
 */
import { UsageError } from '../../base/errors.js';

export type KernelName =
  /** What is asked for: a series or more of a release. */
  | { readonly kind: 'debian'; readonly asked: string }
  | { readonly kind: 'deb'; readonly file: string }
  | { readonly kind: 'path'; readonly file: string };

const remedy =
  'give debian:SERIES (debian:6.12, shortly 6.12), a longer release (debian:6.18.15), the path of a bzImage, or a .deb file';

/** @throws {UsageError} */
export function parseKernelName(name: string): KernelName {
  const [, prefix, asked] = /^(debian:)?(\d+\.\d+(?:[.+~-][\w.+~-]*)?)$/.exec(name) ?? [];
  if (asked !== undefined && !/\.deb$/.test(asked)) return { kind: 'debian', asked };
  if (prefix !== undefined || name === '' || /^\w{2,}:/.test(name))
    throw new UsageError('--kernel', name, remedy);
  return { kind: name.endsWith('.deb') ? 'deb' : 'path', file: name };
}
