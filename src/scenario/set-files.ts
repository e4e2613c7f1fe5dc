/**
 * The two files of an arm: the folios of one are the stuck set, those of the other the control set.  Owns their paths,
 * inodes and sizes; opens nothing: the workload does.
 */
import { PAGE_BYTES } from '../base/page-size.js';
import type { SetRecord } from '../record/events.js';

interface SetFile {
  /** Below the mount point. */
  readonly path: string;
  /** 0 until it is there. */
  ino: number;
  /** From its start; no more than what the workload writes. */
  bytes: number;
}

export interface SetFiles {
  readonly stuck: SetFile;
  readonly control: SetFile;
}

export function setFilesOf(plan: {
  readonly index: number;
  readonly stuckBytes: number;
  readonly controlBytes: number;
}): SetFiles {
  return {
    stuck: { path: `/stuck-${plan.index}`, ino: 0, bytes: plan.stuckBytes },
    control: { path: `/control-${plan.index}`, ino: 0, bytes: plan.controlBytes },
  };
}

export function setRecordOf({ path, ino, bytes }: SetFile): SetRecord {
  return { path, ino, pages: pagesIn(bytes) };
}

export function pagesIn(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}
