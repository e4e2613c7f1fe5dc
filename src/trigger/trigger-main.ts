/** The trigger's process: waits for `pull`, asks the kernel, says how long it took. It may be in D state meanwhile. */
import { writeFileSync } from 'node:fs';
import { serveCommands } from '../base/child-port.js';
import { dieWithParent } from '../syscall/process.js';
import { findTrigger } from './registry.js';

const SIGKILL = 9;
dieWithParent(SIGKILL);

serveCommands({
  pull({ trigger: id, marker, mark }: { trigger: string; marker: string; mark: string }) {
    const trigger = findTrigger(id);
    if (trigger === undefined) throw new Error(`no such trigger: ${id}`);
    // The trace has pids of the initial namespace: this line tells which one is ours.
    writeFileSync(marker, `${mark}\n`);
    const startedNs = process.hrtime.bigint();
    const result = trigger.pull();
    const endedNs = process.hrtime.bigint();
    return { result, startedNs: Number(startedNs), endedNs: Number(endedNs) };
  },
});
