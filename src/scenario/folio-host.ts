/** Where the folios of an arm without a FUSE server live: an XFS image, or plain memory. */
import { PAGE_BYTES } from '../base/page-size.js';
import type { FolioDesign } from '../record/arm-design.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { ArmLacksError } from './arm-context.js';
import { makesFoliosOf } from './large-folios.js';
import { Serverless } from './serverless.js';
import { XfsImage } from './xfs-image.js';

/** Nothing is written back that nobody asks for. */
export const quietFlusher: readonly (readonly [name: string, value: string])[] = [
  // The flusher does not wake by itself, and finds nothing old when it is woken: dirty folios stay dirty.
  ['vm.dirty_writeback_centisecs', '0'],
  ['vm.dirty_expire_centisecs', '360000'],
];

/** For as long as such an arm lasts. */
export const folioSysctls: readonly (readonly [name: string, value: string])[] = [
  ...quietFlusher,
  // Compaction leaves the ballast where it is.
  ['vm.compact_unevictable_allowed', '0'],
];

/** @throws {ArmLacksError} where this kernel has no such folios */
export async function startFolioHost(
  { blockBytes, order }: FolioDesign,
  { state, mountPoint, bytes }: { state: StateDirectory; mountPoint: string; bytes: number },
): Promise<Serverless> {
  if (blockBytes === null) return new Serverless();
  const image = await XfsImage.start(state, { mountPoint, blockBytes, bytes });
  const folioBytes = PAGE_BYTES << order;
  if (makesFoliosOf(folioBytes, mountPoint)) return image;
  await image.stop(0);
  throw new ArmLacksError(
    `needs folios of ${folioBytes >> 10} KiB from write(2) to XFS: this kernel makes none (6.6 and later do, where there is ` +
      'free memory of that order)',
  );
}
