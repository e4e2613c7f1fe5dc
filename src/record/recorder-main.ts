/**
 * The recorder's process: drains trace_pipe and the kernel's log into files while the kernel is made to
 * misbehave.  It reads and writes down; it judges nothing and never touches the mount.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { serveCommands } from '../base/child-port.js';
import { Errno } from '../base/errno.js';
import { writeInPages } from '../base/write-in-pages.js';
import { KmsgReader } from '../kernel/kmsg.js';
import { close, OpenFlag, open, read } from '../syscall/file.js';
import { dieWithParent } from '../syscall/process.js';

const SIGKILL = 9;
dieWithParent(SIGKILL);

/** Short enough that 8 MiB a CPU hold what the kernel writes meanwhile. */
const INTERVAL_MS = 20;
/** Where nothing was written, and to find that out takes long: on a CPU so slow, it takes the kernel longer, too. */
const MOST_INTERVAL_MS = 200;
/** At most one part in so many of a CPU goes into looking for what is not there. */
const IDLE_SHARE = 10;

export interface RecorderStart {
  readonly tracePipe: string;
  /** Files to make; they must not exist. */
  readonly trace: string;
  readonly dmesg: string;
}

class Recorder {
  private readonly pipe: number;
  private readonly traceFd: number;
  private readonly dmesgFd: number;
  private readonly kmsg = KmsgReader.open();
  private readonly buffer = Buffer.allocUnsafeSlow(1 << 20);
  private timer: NodeJS.Timeout;
  /** The first failure to write down, told at the end: a record with holes must not be judged. */
  private failure: string | undefined;

  constructor(start: RecorderStart) {
    this.pipe = open(start.tracePipe, OpenFlag.O_RDONLY | OpenFlag.O_NONBLOCK | OpenFlag.O_CLOEXEC);
    if (this.pipe < 0) throw new Error(`${start.tracePipe}: errno ${-this.pipe}`);
    this.traceFd = openSync(start.trace, 'wx');
    this.dmesgFd = openSync(start.dmesg, 'wx');
    this.timer = setTimeout(() => this.drainAgain(), INTERVAL_MS);
  }

  private drainAgain(): void {
    const startedMs = performance.now();
    const isIdle = !this.drain();
    const idleMs = Math.min((performance.now() - startedMs) * IDLE_SHARE, MOST_INTERVAL_MS);
    this.timer = setTimeout(() => this.drainAgain(), isIdle ? Math.max(INTERVAL_MS, idleMs) : INTERVAL_MS);
  }

  /** Whether there was anything. */
  private drain(): boolean {
    let hasRead = false;
    for (;;) {
      const length = read(this.pipe, this.buffer);
      if (length === -Errno.EINTR) continue;
      if (length < 0 && length !== -Errno.EAGAIN) this.failure ??= `trace_pipe: errno ${-length}`;
      if (length <= 0) break;
      hasRead = true;
      this.keep(() => writeInPages(this.traceFd, this.buffer.subarray(0, length)));
    }
    for (const record of this.kmsg.readNew()) {
      const seconds = (record.timestampUs / 1e6).toFixed(6).padStart(13);
      const { level, text, lostBefore } = record;
      if (lostBefore > 0)
        this.keep(() =>
          writeSync(this.dmesgFd, `(${lostBefore} or more records of the log were lost here)\n`),
        );
      this.keep(() => writeSync(this.dmesgFd, `<${level}>[${seconds}] ${text}\n`));
    }
    return hasRead;
  }

  private keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.failure ??= (error as Error).message;
    }
  }

  flush(): { failure: string | null } {
    this.drain();
    return { failure: this.failure ?? null };
  }

  stop(): { failure: string | null } {
    clearTimeout(this.timer);
    this.drain();
    close(this.pipe);
    closeSync(this.traceFd);
    closeSync(this.dmesgFd);
    this.kmsg.close();
    return { failure: this.failure ?? null };
  }
}

let recorder: Recorder | undefined;

serveCommands({
  start(start: RecorderStart) {
    recorder = new Recorder(start);
  },
  /** What has been recorded until now is in the files, where recording is off. */
  flush() {
    return recorder?.flush();
  },
  stop() {
    return recorder?.stop();
  },
});
