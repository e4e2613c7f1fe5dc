/**
 * Where the pages come from that a spliced READ is answered with.  A page that is to be moved into the page cache must
 * be whole, a single page, unshared, and in a pipe buffer of its own (fuse_try_move_folio() in fs/fuse/dev.c); any
 * other is copied, so nothing here needs to succeed for the bytes to be right.
 */
import { Errno } from '../../base/errno.js';
import { PAGE_BYTES } from '../../base/page-size.js';
import { fdatasync, POSIX_FADV_DONTNEED, posixFadvise, pwrite, write } from '../../syscall/file.js';
import { spliceFrom } from '../../syscall/pipe.js';

export interface PageSource {
  /** Puts the data into the pipe, which has room for it: 0 or -errno. */
  fill(pipeFd: number, data: Buffer): number;
}

/** Anonymous pages: the pipe's own, from alloc_page() without __GFP_MOVABLE (anon_pipe_write() in fs/pipe.c). */
export class PipePages implements PageSource {
  fill(pipeFd: number, data: Buffer): number {
    const tail = data.length % PAGE_BYTES;
    // A length of whole pages is not merged with the header that is in the pipe, and so neither is the tail.
    return (
      put(pipeFd, data.subarray(0, data.length - tail)) || put(pipeFd, data.subarray(data.length - tail))
    );
  }
}

/**
 * Page-cache pages of another filesystem: the bytes are written to a scratch file there, and its pages spliced.  They
 * must be clean, or page_cache_pipe_buf_try_steal() does not give them; a filesystem in memory has no such.
 */
export class FilePages implements PageSource {
  constructor(private readonly fd: number) {}

  fill(pipeFd: number, data: Buffer): number {
    // One page to a write: a larger one would be given a large folio, which is never moved.
    for (let offset = 0; offset < data.length; offset += PAGE_BYTES) {
      const page = data.subarray(offset, offset + PAGE_BYTES);
      const written = pwrite(this.fd, page, offset);
      if (written !== page.length) return written < 0 ? written : -Errno.EIO;
    }
    const synced = fdatasync(this.fd);
    if (synced < 0) return synced;
    // New folios wait in a batch of the CPU, which has a reference too.  Advice about a page that is not there drains it
    // (generic_fadvise() in mm/fadvise.c) and does nothing else.
    posixFadvise(this.fd, 2 ** 40, PAGE_BYTES, POSIX_FADV_DONTNEED);
    for (let offset = 0; offset < data.length; ) {
      const moved = spliceFrom(this.fd, offset, pipeFd, data.length - offset);
      if (moved <= 0) return moved < 0 ? moved : -Errno.EIO;
      offset += moved;
    }
    return 0;
  }
}

function put(pipeFd: number, bytes: Buffer): number {
  if (bytes.length === 0) return 0;
  const written = write(pipeFd, bytes);
  if (written < 0) return written;
  return written === bytes.length ? 0 : -Errno.EIO;
}
