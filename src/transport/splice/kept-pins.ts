/**
 * What is pinned: a pipe for each WRITE, of which only the read end is kept, so a pin costs one descriptor.  Dropping a
 * pin closes it, and with it goes the reference to each folio (free_pipe_info() in fs/pipe.c).
 */
import { Errno } from '../../base/errno.js';
import { PAGE_BYTES } from '../../base/page-size.js';
import { close } from '../../syscall/file.js';
import { closePipe, type Pipe, pipe, pipeSize, setPipeSize } from '../../syscall/pipe.js';
import type { Pin, Pins } from '../transport.js';
import type { SpliceReading } from './splice-reading.js';

export class KeptPins implements Pins {
  private readonly kept = new Set<number>();

  constructor(
    private readonly reading: SpliceReading,
    readonly max: number,
  ) {}

  pin(): Pin | number {
    if (this.reading.leftBytes === 0) return -Errno.ENODATA;
    if (this.kept.size >= this.max) return -Errno.EMFILE;
    const ends = pipe();
    if (typeof ends === 'number') return ends;
    const refused = this.fill(ends);
    if (refused < 0) {
      closePipe(ends);
      return refused;
    }
    close(ends.writeFd);
    this.kept.add(ends.readFd);
    return { drop: () => this.drop(ends.readFd) };
  }

  /** Lets go of everything. */
  close(): void {
    for (const fd of this.kept) this.drop(fd);
  }

  private drop(fd: number): void {
    if (this.kept.delete(fd)) close(fd);
  }

  /** Moves what is left into the pipe, which grows with the number of buffers: 0 or -errno. */
  private fill({ writeFd }: Pipe): number {
    const { reading } = this;
    let room = pipeSize(writeFd);
    const wanted = Math.ceil(reading.leftBytes / PAGE_BYTES) * PAGE_BYTES;
    if (room < wanted) room = setPipeSize(writeFd, wanted);
    while (room >= 0) {
      const moved = reading.moveLeft(writeFd, reading.leftBytes);
      if (reading.leftBytes === 0) return 0;
      if (moved < 0 && moved !== -Errno.EAGAIN) return moved;
      // Data that does not begin with its page lies in a buffer more than it has pages.
      room = setPipeSize(writeFd, room * 2);
    }
    return room;
  }
}
