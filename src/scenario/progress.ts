/** What a run says while it goes on: one line a step, with the seconds since the start, on standard error. */
export class Progress {
  private readonly startMs = performance.now();

  constructor(private readonly write: (line: string) => void) {}

  step(what: string): void {
    const seconds = ((performance.now() - this.startMs) / 1000).toFixed(1).padStart(5);
    this.write(`[${seconds}s] ${what}\n`);
  }
}
