/** Everything that is there before a guest boots: the kernel, the guest's two files, an accelerator that works. */
import { setTimeout } from 'node:timers/promises';
import { type AccelChoice, type AccelWish, chooseAccel } from './accel.js';
import type { Progress } from './cache.js';
import { findKernel } from './find-kernel.js';
import { buildGuest, type Guest } from './guest/guest.js';
import { findBusybox } from './guest/static-busybox.js';
import type { GuestKernel } from './kernel.js';
import { findQemu } from './qemu/program.js';

const heardMs = 50;

export interface PrepareOptions {
  /** As the user names it: `debian:6.12`, a path, a .deb. */
  readonly kernel: string;
  /** Of a bzImage. */
  readonly modules?: string | undefined;
  readonly accel: AccelWish;
  /** The cache directory. */
  readonly cache: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Prepared {
  readonly kernel: GuestKernel;
  readonly guest: Guest;
  readonly accel: AccelChoice;
}

/** @throws {UsageError}, {VmError} VM_QEMU where there is no QEMU, and what keeps a kernel or a guest from being made */
export async function prepareGuest(options: PrepareOptions): Promise<Prepared> {
  const { cache, progress, signal } = options;
  // Before anything is downloaded for it.
  const { PATH } = process.env;
  await findQemu(PATH);
  findBusybox(PATH ?? '');
  const kernel = await findKernel(options.kernel, options);
  signal.throwIfAborted();
  const guest = await buildGuest(kernel, cache, progress).catch(async (error: unknown) => {
    // Ctrl-C ends mke2fs, too, which is waited for without hearing anything; that it came is heard now.
    await setTimeout(heardMs);
    signal.throwIfAborted();
    throw error;
  });
  const accel = await chooseAccel(options.accel, { cache, kernelImage: kernel.image, signal });
  return { kernel, guest, accel };
}
