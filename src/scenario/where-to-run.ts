/** Which kernel a run is for: this one, or one in a VM; it is always said which was taken, and why. */
import { UsageError } from '../base/errors.js';
import { guestFactsVariable } from '../base/guest-facts.js';
import { detectVirtualization, type Virtualization } from '../kernel/virtualization.js';

export interface Where {
  readonly on: 'host' | 'vm';
  readonly because: string;
}

/**
 * @param asked what `--on` says
 * @param kernel what `--kernel` says: with it, `auto` is a VM
 * @throws {UsageError}
 */
export function whereToRun(
  asked: string,
  kernel: string | undefined,
  detect: () => Virtualization = detectVirtualization,
): Where {
  if (asked !== 'host' && asked !== 'vm' && asked !== 'auto')
    throw new UsageError('--on', asked, 'give host, vm or auto');
  if (asked === 'host' && kernel !== undefined)
    throw new UsageError('--kernel', kernel, 'contradicts --on host: it is booted in a VM; give --on vm');
  if (asked !== 'auto') return { on: asked, because: 'as --on says' };
  if (kernel !== undefined) return { on: 'vm', because: 'as --kernel names one' };
  const { guest, container, evidence } = detect();
  if (guest || container) return { on: 'host', because: `it is disposable: ${evidence[0] ?? ''}` };
  return {
    on: 'vm',
    because:
      'this machine is not disposable (neither VM guest nor container); --on host is its own kernel all the same',
  };
}

/** What the record says it was on: a guest that stuckfs has booted is no host. */
export function recordedOn(): 'host' | 'vm' {
  return process.env[guestFactsVariable] === undefined ? 'host' : 'vm';
}
