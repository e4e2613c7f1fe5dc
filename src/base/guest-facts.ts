/**
 * How a run in a guest learns what it runs on: the runner outside sets it, the run writes it to environment.json.
 * The name only, which both sides share.
 */

/** A JSON object. It is set in guests that stuckfs has booted, and nowhere else. */
export const guestFactsVariable = 'STUCKFS_GUEST';
