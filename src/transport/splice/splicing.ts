/** The parts of a raw transport that splices, as its options ask for them. */
import { DevFuseReplies } from '../dev-fuse-replies.js';
import { PlainReading, type RequestReading } from '../request-reading.js';
import type { Pins } from '../transport.js';
import { KeptPins } from './kept-pins.js';
import { FilePages, PipePages } from './page-source.js';
import { SpliceReading } from './splice-reading.js';
import { SpliceReplies } from './splice-replies.js';

export interface SpliceOptions {
  readonly read: boolean;
  /** READs go out with SPLICE_F_MOVE, without it, or not by splice(2) at all. */
  readonly write: 'move' | 'copy' | 'none';
  /** A scratch file whose page-cache pages READs are answered with; undefined for anonymous pages of the pipe. */
  readonly scratchFd: number | undefined;
  readonly maxPins: number;
  /** Whether the data of the next WRITE may have to be pinned. */
  readonly mayPin: () => boolean;
}

export interface MessageMovers {
  readonly reading: RequestReading;
  readonly replies: DevFuseReplies;
  readonly pins: Pins | undefined;
  /** Lets go of every pin and of all pipes. */
  readonly close: () => void;
}

export function plainMovers(fuseFd: number): MessageMovers {
  return {
    reading: new PlainReading(fuseFd),
    replies: new DevFuseReplies(fuseFd),
    pins: undefined,
    close: () => {},
  };
}

/** @throws {PipeError} */
export function splicingMovers(fuseFd: number, maxPages: number, options: SpliceOptions): MessageMovers {
  const { read, write, scratchFd, maxPins, mayPin } = options;
  const plain = plainMovers(fuseFd);
  const spliced =
    write === 'none'
      ? undefined
      : new SpliceReplies(fuseFd, {
          maxPages,
          move: write === 'move',
          source: scratchFd === undefined ? new PipePages() : new FilePages(scratchFd),
        });
  const reading = read ? new SpliceReading({ fuseFd, maxPages, mayPin }) : undefined;
  const pins = reading && new KeptPins(reading, maxPins);
  return {
    reading: reading ?? plain.reading,
    replies: spliced ?? plain.replies,
    pins,
    close: () => {
      pins?.close();
      reading?.close();
      spliced?.close();
    },
  };
}
