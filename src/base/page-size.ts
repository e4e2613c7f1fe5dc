/** Bytes of a base page. stuckfs is for kernels with 4 KiB pages; `stuckfs doctor` checks it. */
export const PAGE_BYTES = 4096;
