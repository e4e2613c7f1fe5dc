/**
 * Says when a guest is given up for not moving on. Pure: the host's time is given to it.
 * The job's deadline is in the guest's time, so that a slow or busy host does not decide it; only silence and the
 * cap are in the host's. A runner that was stopped itself (SIGSTOP, a sleeping laptop) holds that against nobody.
 */
import type { VmErrorCode } from './vm-error.js';

export interface GuestLimits {
  /** Of the host, from the start to the agent's first word. */
  readonly bootMs: number;
  /** Of the host, without a line or a heartbeat of the agent. */
  readonly silenceMs: number;
  /** Of the guest, from the agent's first word. */
  readonly deadlineGuestMs: number;
  /** Of the host, from the start; whatever the guest says. */
  readonly capMs: number;
}

export interface GivenUp {
  readonly code: Extract<VmErrorCode, 'VM_BOOT' | 'VM_HUNG'>;
  readonly reason: string;
}

/** Looks further apart than this were not the guest's doing. */
const longestLookMs = 5000;

export class GuestWatch {
  readonly #limits: GuestLimits;
  #startMs: number;
  #heardMs: number;
  #lookedMs: number;
  #firstNs: number | undefined;
  #guestNs = 0;

  constructor(limits: GuestLimits, nowMs: number) {
    this.#limits = limits;
    this.#startMs = nowMs;
    this.#heardMs = nowMs;
    this.#lookedMs = nowMs;
  }

  /** The agent said something, at this time of the guest. */
  heard(nowMs: number, guestNs: number): void {
    this.#firstNs ??= guestNs;
    this.#heardMs = nowMs;
    this.clock(guestNs);
  }

  /** The guest's clock is at least that far; its kernel's messages tell, too. */
  clock(guestNs: number): void {
    this.#guestNs = Math.max(this.#guestNs, guestNs);
  }

  get hasSpoken(): boolean {
    return this.#firstNs !== undefined;
  }

  /** To be asked every second or so. */
  look(nowMs: number): GivenUp | undefined {
    const missedMs = nowMs - this.#lookedMs - longestLookMs;
    this.#lookedMs = nowMs;
    if (missedMs > 0) {
      this.#startMs += missedMs;
      this.#heardMs += missedMs;
    }
    const { bootMs, silenceMs, deadlineGuestMs, capMs } = this.#limits;
    if (this.#firstNs === undefined) {
      if (nowMs - this.#startMs < bootMs) return undefined;
      return { code: 'VM_BOOT', reason: `the guest's agent has not spoken within ${seconds(bootMs)}` };
    }
    const hung = (reason: string): GivenUp => ({ code: 'VM_HUNG', reason });
    if (this.#guestNs - this.#firstNs > deadlineGuestMs * 1e6)
      return hung(`the job has not ended within ${seconds(deadlineGuestMs)} of the guest's time`);
    if (nowMs - this.#heardMs >= silenceMs)
      return hung(`the guest has said nothing for ${seconds(silenceMs)}, no heartbeat either`);
    if (nowMs - this.#startMs >= capMs)
      return hung(`the guest has not ended within ${seconds(capMs)} of the host's time`);
    return undefined;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
