/**
 * The watchdog of a daemon that was started by an untrusted user's run: it lies outside, with whoever started the
 * daemon, as a process inside the user's namespaces could not put the machine back.  The one who holds the other end
 * of the leash says there which process guards the connection; until then, and when that one is lost, no fault may be
 * armed.  The end of the leash is the end of the daemon.
 */
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** @returns the pid that a line of the leash names, null where it says that there is none, undefined for any other line */
export function guardOf(line: string): number | null | undefined {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null || !('guardedBy' in said)) return undefined;
  const { guardedBy } = said;
  if (guardedBy === null) return null;
  return typeof guardedBy === 'number' && Number.isSafeInteger(guardedBy) && guardedBy > 0
    ? guardedBy
    : undefined;
}

export interface OutsideGuardEvents {
  /** The watchdog is no more: un-wedge at once. */
  readonly lost: () => void;
  /** Whoever started the daemon is no more. */
  readonly ended: () => void;
}

export class OutsideGuard {
  private guard: number | null = null;

  static onDescriptor(leashFd: number, on: OutsideGuardEvents): OutsideGuard {
    const socket = new Socket({ fd: leashFd, readable: true, writable: false });
    // The serving thread keeps the process, not the leash.
    socket.unref();
    return new OutsideGuard(socket, on);
  }

  constructor(leash: Readable, on: OutsideGuardEvents) {
    leash.on('error', () => {});
    leash.once('close', on.ended);
    createInterface({ input: leash }).on('line', (line) => {
      const said = guardOf(line);
      if (said === undefined) return;
      const hadGuard = this.guard !== null;
      this.guard = said;
      if (hadGuard && said === null) on.lost();
    });
  }

  /** null while there is none. */
  get pid(): number | null {
    return this.guard;
  }
}
