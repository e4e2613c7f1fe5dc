/**
 * QEMU stops a machine that it cannot run on, and lives on with it: KVM could not emulate an instruction, a disk
 * failed. Authority: RunState in qapi/run-state.json of QEMU.
 */
import type { QmpClient } from './qmp.js';

const fatal = ['internal-error', 'io-error'];

/** Calls this with the machine's state when it has stopped so, or already had. */
export function onHalt(qmp: QmpClient, heard: (state: string) => void): void {
  const ask = async (): Promise<void> => {
    try {
      const { status } = (await qmp.execute('query-status')) as { readonly status?: unknown };
      if (typeof status === 'string' && fatal.includes(status)) heard(status);
    } catch {
      // It has ended, or does not answer: its end is told elsewhere.
    }
  };
  qmp.onEvent(({ name }) => {
    if (name === 'STOP') void ask();
  });
  // That event may have come before anybody listened.
  void ask();
}
