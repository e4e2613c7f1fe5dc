/**
 * /dev/kmsg: the kernel's log, one record to a read, from now on.
 * A message that does not end its line may still be continued, and cannot be read before the next one is logged.
 * Authority: Documentation/ABI/testing/dev-kmsg, kernel/printk/printk.c (devkmsg_read).
 */
import { closeSync, constants, openSync } from 'node:fs';
import { Errno } from '../base/errno.js';
import { read, seekToEnd } from '../syscall/file.js';
import { KernelFileError, linesOf, malformed, parseCount, underRoot, unreadable } from './kernel-file.js';

export interface KmsgRecord {
  /** 0 (emergency) to 7 (debug). */
  readonly level: number;
  /** 0 is the kernel; anything else was written by a process. */
  readonly facility: number;
  readonly sequence: number;
  /** Since boot. */
  readonly timestampUs: number;
  /** `-`, or `c` for a piece of a line. */
  readonly flags: string;
  /** With escapes decoded. */
  readonly text: string;
  /** SUBSYSTEM, DEVICE, … */
  readonly dictionary: ReadonlyMap<string, string>;
}

export interface KmsgRead extends KmsgRecord {
  /** Records that were overwritten before this one could be read; at least so many before the first. */
  readonly lostBefore: number;
}

/** Unprintable bytes and the backslash are \xNN. */
function decodeEscapes(text: string): string {
  if (!text.includes('\\x')) return text;
  const bytes: Buffer[] = [];
  let end = 0;
  for (const match of text.matchAll(/\\x([0-9a-f]{2})/g)) {
    bytes.push(Buffer.from(text.slice(end, match.index)), Buffer.from(match[1] ?? '', 'hex'));
    end = match.index + match[0].length;
  }
  return Buffer.concat([...bytes, Buffer.from(text.slice(end))]).toString();
}

export function parseKmsgRecord(record: string, file = '/dev/kmsg'): KmsgRecord {
  const [first = '', ...rest] = linesOf(record);
  const semicolon = first.indexOf(';');
  const [priority, sequence, timestampUs, flags] = first.slice(0, Math.max(semicolon, 0)).split(',');
  if (flags === undefined) throw malformed(file, 1, '"priority,sequence,timestamp,flags;text"', first);
  const prefix = parseCount(priority, file, 1, 'the priority');
  const dictionary = new Map<string, string>();
  rest.forEach((line, index) => {
    const equals = line.indexOf('=');
    if (!line.startsWith(' ') || equals < 0) throw malformed(file, index + 2, '" KEY=value"', line);
    dictionary.set(decodeEscapes(line.slice(1, equals)), decodeEscapes(line.slice(equals + 1)));
  });
  return {
    level: prefix & 7,
    facility: prefix >> 3,
    sequence: parseCount(sequence, file, 1, 'the sequence number'),
    timestampUs: parseCount(timestampUs, file, 1, 'the timestamp'),
    flags,
    text: decodeEscapes(first.slice(semicolon + 1)),
    dictionary,
  };
}

/**
 * Where records come from: `read` puts one record into the buffer and says its length, or says -EAGAIN, or -EPIPE after a
 * loss.  Nothing new is what it says nearly always: an Error made for each would cost more than the read.
 */
export interface KmsgSource {
  readonly read: (buffer: Uint8Array) => number;
  readonly close: () => void;
}

/** A record with its dictionary is at most 8 KiB (CONSOLE_EXT_LOG_MAX, PRINTK_MESSAGE_MAX). */
const maxRecordBytes = 16384;

export class KmsgReader {
  readonly #source: KmsgSource;
  readonly #buffer = Buffer.alloc(maxRecordBytes);
  #nextSequence: number | undefined;
  /** The read before said that there was a loss. */
  #hasLost = false;

  /** @param source past what is there already */
  constructor(source: KmsgSource) {
    this.#source = source;
  }

  /** Opens /dev/kmsg without blocking, for what is logged from now on. Needs CAP_SYSLOG where kernel.dmesg_restrict is 1. */
  static open(root = '/'): KmsgReader {
    const file = '/dev/kmsg';
    let fd: number;
    try {
      fd = openSync(underRoot(root, file), constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      throw unreadable(file, 'a readable log', error);
    }
    const skipped = seekToEnd(fd);
    if (skipped < 0) {
      closeSync(fd);
      throw new KernelFileError({
        code: 'KERNEL_FILE_UNREADABLE',
        file,
        expected: 'a log with an end',
        errno: -skipped,
      });
    }
    return new KmsgReader({
      read: (buffer) => read(fd, buffer),
      close: () => closeSync(fd),
    });
  }

  /** What was logged since the last call. */
  readNew(): KmsgRead[] {
    const records: KmsgRead[] = [];
    for (;;) {
      const length = this.#source.read(this.#buffer);
      if (length === 0 || length === -Errno.EAGAIN) return records;
      // The next read gives the oldest record that is left; its number tells how many are gone.
      if (length === -Errno.EPIPE) this.#hasLost = true;
      if (length === -Errno.EPIPE || length === -Errno.EINTR) continue;
      if (length < 0)
        throw new KernelFileError({
          code: 'KERNEL_FILE_UNREADABLE',
          file: '/dev/kmsg',
          expected: 'a record',
          errno: -length,
        });
      const record = parseKmsgRecord(this.#buffer.toString('utf8', 0, length));
      const gap = record.sequence - (this.#nextSequence ?? record.sequence);
      records.push({ ...record, lostBefore: Math.max(gap, this.#hasLost ? 1 : 0) });
      this.#hasLost = false;
      this.#nextSequence = record.sequence + 1;
    }
  }

  close(): void {
    this.#source.close();
  }
}
