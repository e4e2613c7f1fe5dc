/**
 * The guest that a kernel boots with: an initramfs for that kernel and a root image that all kernels share.  Both are
 * made without root, and found again by what they are made of: a rebuilt dist/ gives a new image.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestKernel } from '../kernel.js';
import { bundle, bundlerVersion } from './bundle.js';
import { GuestCache } from './guest-cache.js';
import { GuestError } from './guest-error.js';
import { planInitramfs } from './initramfs.js';
import { packageFiles, packageRoot } from './package-files.js';
import { home, rootFiles } from './root-files.js';
import { imageBytes, makeRootImage } from './root-image.js';
import { findBusybox } from './static-busybox.js';

export interface Guest {
  readonly initrd: string;
  /** A raw disk, to be attached read-only. */
  readonly image: string;
}

/** Changes when what is made of the same files does. */
const imageFormat = 2;
const imagesKept = 3;
const initrdsKept = 16;

/**
 * @param cache the directory of all that is kept between runs
 * @param progress told what takes a while
 * @throws {GuestError}
 */
export async function buildGuest(
  kernel: GuestKernel,
  cache: string,
  progress: (step: string) => void,
): Promise<Guest> {
  if (process.arch !== 'x64')
    throw new GuestError('GUEST_INPUT', `guests are x86-64 machines, and this Node is for ${process.arch}`);
  const directory = join(cache, 'guest');
  const busybox = findBusybox(process.env['PATH'] ?? '');
  // First what a kernel may lack.
  const { content, ...initramfs } = planInitramfs(kernel, busybox);
  const initrd = await new GuestCache(directory, 'initrd', initrdsKept).get(
    { ...initramfs, make: (path) => writeFileSync(path, content()) },
    () => progress(`making the initramfs of ${kernel.release}`),
  );
  const root = packageRoot();
  const files = packageFiles(root);
  const tree = rootFiles(files, busybox);
  // Bundles are made of the same files.
  const format = `${imageFormat} ${await bundlerVersion()} ${process.arch}`;
  const hash = createHash('sha256').update(`${format} ${tree.hash()}`).digest('hex');
  const make = async (path: string) => {
    for (const bundled of await bundle(root, home, files))
      tree.replace(join(home, bundled.path), bundled.text);
    makeRootImage(tree, path);
  };
  const image = await new GuestCache(directory, 'image', imagesKept).get(
    // The files, once more as an image.
    { hash, bytes: 2 * imageBytes(tree), make },
    () => progress('making the root image of guests'),
  );
  return { initrd, image };
}
