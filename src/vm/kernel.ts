/**
 * A kernel that can be booted, wherever it came from.  Owns the shape only: how one is found is in find-kernel.ts,
 * how one is booted in boot.ts.
 */

/** A package of the distribution, as apt names and checks it. */
export interface KernelPackage {
  readonly name: string;
  readonly version: string;
  /** Of the .deb: apt checked the download against it. */
  readonly sha256: string;
}

export type KernelSource =
  | { readonly kind: 'debian'; readonly suite: string; readonly packages: readonly KernelPackage[] }
  | { readonly kind: 'path' }
  | { readonly kind: 'deb'; readonly file: string };

export interface GuestKernel {
  /** As the user named it: `debian:6.12`, a path. */
  readonly name: string;
  /** `uname -r` */
  readonly release: string;
  /** bzImage */
  readonly image: string;
  /** Directory with modules.dep and the modules of that release; undefined for a kernel without modules. */
  readonly modules: string | undefined;
  /** Its .config where known: what it lacks is told before anything boots. */
  readonly config: string | undefined;
  readonly source: KernelSource;
}
