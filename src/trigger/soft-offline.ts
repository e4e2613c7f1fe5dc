/**
 * `soft-offline`: one frame of the stuck set is taken out of use without a loss: its folio is moved, and the frame is
 * never used again.  It waits for writeback of that one folio, before it calls migrate_pages().
 * Authority: soft_offline_page() and soft_offline_in_use_page() in mm/memory-failure.c (MIGRATE_SYNC, MR_MEMORY_FAILURE).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Errno } from '../base/errno.js';
import { PAGE_BYTES } from '../base/page-size.js';
import { readKernelFileIfPresent } from '../kernel/kernel-file.js';
import { writeValue } from '../syscall/write-value.js';
import type { Trigger } from './trigger.js';

const path = '/sys/devices/system/memory/soft_offline_page';
/** 6.11 */
const enabledPath = '/proc/sys/vm/enable_soft_offline';

export function lacksSoftOffline(root = '/'): string | undefined {
  if (!existsSync(join(root, path))) return `needs CONFIG_MEMORY_FAILURE: ${path} is not there`;
  if (readKernelFileIfPresent(enabledPath, root)?.trim() === '0')
    return `needs vm.enable_soft_offline=1: ${enabledPath} says 0`;
  return undefined;
}

export const softOffline: Trigger = {
  id: 'soft-offline',
  description: 'soft_offline_page: one frame of the stuck set is taken out of use, for good',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'memory_failure',
  kernelFunction: 'soft_offline_in_use_page',
  harmsHost: true,
  reach: 'asked',
  waitsBeforeMigration: true,
  answers: [
    { errno: Errno.EBUSY, means: 'the folio was not moved' },
    { errno: Errno.EIO, means: 'the frame holds nothing that can be moved' },
    { errno: Errno.EAGAIN, means: 'the folio was busy' },
  ],
  missing: () => lacksSoftOffline(),
  pull({ stuckPfns }) {
    const pfn = stuckPfns.find((one) => one >= 0);
    if (pfn === undefined) return { result: -Errno.ENODEV };
    const result = writeValue(path, `0x${(BigInt(pfn) * BigInt(PAGE_BYTES)).toString(16)}`);
    return { result, asked: [[pfn, pfn + 1]] };
  },
};
