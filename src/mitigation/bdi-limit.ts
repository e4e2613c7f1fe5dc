/**
 * `bdi-limit`: the limits of the bdi stay as the kernel sets them for FUSE (max_ratio 1, strict_limit 1), and the writer
 * sleeps before much is under way.  It frees nothing: it says how much can get stuck.
 * Authority: fuse_bdi_init() in fs/fuse/inode.c, balance_dirty_pages() in mm/page-writeback.c.
 */
import { type Mitigation, nothingMissing } from './mitigation.js';

export const bdiLimit: Mitigation = {
  id: 'bdi-limit',
  description: "FUSE's own max_ratio and strict_limit stay: the writer is stopped before much is stuck",
  kernelFunction: 'balance_dirty_pages()',
  acts: 'before the workload',
  endsConnection: false,
  keepsBdiLimits: true,
  missing: nothingMissing,
};
