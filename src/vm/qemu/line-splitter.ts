/**
 * Bytes that come in pieces, as lines of text. What sends them is not trusted: a line has a longest length, and
 * what is beyond it is dropped.
 */
import { StringDecoder } from 'node:string_decoder';

export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #longestChars: number;
  #open = '';

  constructor(longestChars: number) {
    this.#longestChars = longestChars;
  }

  /** The lines that these bytes complete, without their ends (LF or CR LF). */
  add(bytes: Uint8Array): readonly string[] {
    const [first = '', ...rest] = this.#decoder.write(Buffer.from(bytes)).split('\n');
    const lines: string[] = [];
    this.#extend(first);
    for (const piece of rest) {
      lines.push(this.#open.replace(/\r+$/, ''));
      this.#open = '';
      this.#extend(piece);
    }
    return lines;
  }

  /** What came after the last end of a line. */
  get unfinished(): string {
    return this.#open;
  }

  #extend(piece: string): void {
    this.#open += piece.slice(0, this.#longestChars - this.#open.length);
  }
}
