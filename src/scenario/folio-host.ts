/** Where the folios of an arm without a FUSE server live: an XFS image, or plain memory. */
import type { FolioDesign } from '../record/events.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { Serverless } from './serverless.js';
import { XfsImage } from './xfs-image.js';

export function startFolioHost(
  { blockBytes }: FolioDesign,
  { state, mountPoint, bytes }: { state: StateDirectory; mountPoint: string; bytes: number },
): Serverless {
  if (blockBytes === null) return new Serverless();
  return XfsImage.start(state, { mountPoint, blockBytes, bytes });
}
