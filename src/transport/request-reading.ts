/** How requests come from /dev/fuse into memory: by read(2) here, by splice(2) in splice/. */
import { read } from '../syscall/file.js';

export interface RequestReading {
  /** The next message, put at the start of `into`: its length, or -errno. What the last one left is dropped first. */
  next(into: Buffer): number;
}

export class PlainReading implements RequestReading {
  constructor(private readonly fd: number) {}

  next(into: Buffer): number {
    return read(this.fd, into);
  }
}
