/** Ctrl-C in the middle of a run in guests: the guest is ended, and then the command. */
import { StuckfsError } from '../../base/errors.js';

const statusOf = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type EndingSignal = keyof typeof statusOf;

class InterruptedError extends StuckfsError {
  override readonly code = 'INTERRUPTED';
  override readonly exitStatus: number;

  constructor(signal: EndingSignal) {
    super(`ended by ${signal}: nothing of the guest is left`);
    this.exitStatus = statusOf[signal];
  }
}

export interface Interruption {
  readonly signal: AbortSignal;
  forget(): void;
}

/** The second signal ends the process at once; QEMU ends with it. */
export function abortOnSignal(told: (signal: EndingSignal) => void): Interruption {
  const controller = new AbortController();
  const hear = (signal: EndingSignal): void => {
    if (controller.signal.aborted) process.exit(statusOf[signal]);
    told(signal);
    controller.abort(new InterruptedError(signal));
  };
  const names = Object.keys(statusOf) as EndingSignal[];
  for (const name of names) process.on(name, hear);
  return {
    signal: controller.signal,
    forget: () => {
      for (const name of names) process.off(name, hear);
    },
  };
}
