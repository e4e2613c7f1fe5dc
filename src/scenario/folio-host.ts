/** Where the folios of an arm without a FUSE server live: an XFS image, or plain memory. */
import type { FolioDesign } from '../record/events.js';
import type { StateDirectory } from '../safety/state-directory.js';
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

export async function startFolioHost(
  { blockBytes }: FolioDesign,
  { state, mountPoint, bytes }: { state: StateDirectory; mountPoint: string; bytes: number },
): Promise<Serverless> {
  if (blockBytes === null) return new Serverless();
  return XfsImage.start(state, { mountPoint, blockBytes, bytes });
}
