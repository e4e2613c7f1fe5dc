/** What the kernel allows a FUSE connection, whatever INIT asks for. */
import { readSysctl } from '../kernel/sysctl.js';

/** FUSE_MAX_MAX_PAGES of fs/fuse/fuse_i.h, before the limit became a sysctl in 6.13. */
const pagesWithoutSysctl = 256;

/** process_init_reply() in fs/fuse/inode.c cuts max_pages to this. */
export function maxPagesLimit(root = '/'): number {
  let text: string;
  try {
    text = readSysctl('fs.fuse.max_pages_limit', root);
  } catch {
    return pagesWithoutSysctl;
  }
  return /^[1-9]\d*$/.test(text) ? Number(text) : pagesWithoutSysctl;
}
