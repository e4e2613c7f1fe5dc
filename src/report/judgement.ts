/** What an arm came to, and why. */

export type Outcome = 'migrated' | 'stalled' | 'failed' | 'not-attempted' | 'unknown';

export interface Judgement {
  readonly outcome: Outcome;
  /** Why it is unknown; or, for any other outcome, what proves it. */
  readonly reason: string;
  /** The experiment did not take place: to repeat it may help, and hides nothing. */
  readonly inconclusive?: true;
}

export const unknown = (reason: string): Judgement => ({ outcome: 'unknown', reason });
export const inconclusive = (reason: string): Judgement => ({ ...unknown(reason), inconclusive: true });
