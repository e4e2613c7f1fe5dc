/** What a guest says while its job runs: told as it comes, and kept for the run directory. */
import { printable } from '../report/render/one-line.js';
import type { BootNews } from '../vm/boot-plan.js';
import type { Progress } from '../vm/cache.js';

/** What more a guest says is counted only: it may say anything, for as long as it runs. */
const charsKept = 8 << 20;

export class GuestLog {
  private readonly lines: string[] = [];
  private lastComplaint = '';
  private leftChars = charsKept;
  private linesLost = 0;

  constructor(private readonly tell: Progress) {}

  /** Whether the job has said anything. */
  hasBegun = false;

  hear(news: BootNews): void {
    if (news.kind === 'kernel') {
      this.keep(`kernel: ${news.line}`);
      this.tell(`the guest's kernel: ${news.line}`);
      return;
    }
    const { stream, guestNs } = news;
    // A guest may say anything, and this goes to a terminal.
    const line = printable(news.line);
    this.hasBegun = true;
    this.keep(`[${(guestNs / 1e9).toFixed(3).padStart(9)}] ${stream}: ${line}`);
    // Its report comes again from its record.
    if (stream === 'stdout') return;
    this.lastComplaint = line;
    this.tell(`guest: ${line.replace(/^\[[ \d.]+s\] /, '')}`);
  }

  /** The last line on its standard error. */
  get last(): string {
    return this.lastComplaint;
  }

  /** By the guest's boot clock. */
  text(): string {
    const lost = this.linesLost === 0 ? [] : [`(${this.linesLost} lines more were not kept)`];
    return [...this.lines, ...lost].map((line) => `${line}\n`).join('');
  }

  private keep(line: string): void {
    this.leftChars -= line.length + 1;
    if (this.leftChars >= 0) this.lines.push(line);
    else this.linesLost++;
  }
}
