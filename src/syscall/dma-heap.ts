/**
 * Buffers of a dma-buf heap: DMA_HEAP_IOCTL_ALLOC of <linux/dma-heap.h> (5.6).  The buffer lives as long as its descriptor.
 */
import { close, OpenFlag, open } from './file.js';
import { declare, orErrno } from './libc.js';

const cIoctl = declare<(fd: number, request: number, words: Uint8Array) => number>(
  'int ioctl(int fd, unsigned long request, void *words)',
);

/** _IOWR('H', 0, struct dma_heap_allocation_data): u64 len, u32 fd, u32 fd_flags, u64 heap_flags. */
const DMA_HEAP_IOCTL_ALLOC = 0xc0184800;
const ALLOCATION_BYTES = 24;

/** A descriptor of a buffer of so many bytes, or -errno. */
export function allocateFromHeap(device: string, bytes: number): number {
  const heap = open(device, OpenFlag.O_RDWR | OpenFlag.O_CLOEXEC);
  if (heap < 0) return heap;
  const words = Buffer.alloc(ALLOCATION_BYTES);
  words.writeBigUInt64LE(BigInt(bytes), 0);
  words.writeUInt32LE(OpenFlag.O_RDWR | OpenFlag.O_CLOEXEC, 12);
  const result = orErrno(cIoctl(heap, DMA_HEAP_IOCTL_ALLOC, words));
  close(heap);
  return result < 0 ? result : words.readUInt32LE(8);
}
