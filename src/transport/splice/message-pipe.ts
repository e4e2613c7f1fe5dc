/** A pipe that has room for any message of the connection, used again for the next one. */
import { errnoName } from '../../base/errno.js';
import { StuckfsError } from '../../base/errors.js';
import { close, OpenFlag, open } from '../../syscall/file.js';
import { closePipe, type Pipe, pipe, pipeSize, setPipeSize, splice } from '../../syscall/pipe.js';
import { pipeBytesFor } from './pipe-room.js';

/** A pipe that the daemon cannot do without could not be made. */
export class PipeError extends StuckfsError {
  override readonly code = 'PIPE';
}

export class MessagePipe {
  private readonly ends: Pipe;
  private readonly nullFd: number;

  /** @throws {PipeError} */
  constructor(maxPages: number) {
    const ends = pipe();
    if (typeof ends === 'number') throw new PipeError(`pipe2(2): ${errnoName(-ends)}`);
    const bytes = pipeBytesFor(maxPages);
    const refused = pipeSize(ends.readFd) < bytes ? setPipeSize(ends.readFd, bytes) : 0;
    const nullFd = open('/dev/null', OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
    if (refused < 0 || nullFd < 0) {
      closePipe(ends);
      if (refused < 0) throw new PipeError(`a pipe of ${bytes} bytes: ${errnoName(-refused)}`);
      throw new PipeError(`/dev/null: ${errnoName(-nullFd)}`);
    }
    this.ends = ends;
    this.nullFd = nullFd;
  }

  get readFd(): number {
    return this.ends.readFd;
  }

  get writeFd(): number {
    return this.ends.writeFd;
  }

  /** Lets go of all that is in it. */
  empty(): void {
    while (splice(this.ends.readFd, this.nullFd, 1 << 30) > 0);
  }

  close(): void {
    closePipe(this.ends);
    close(this.nullFd);
  }
}
