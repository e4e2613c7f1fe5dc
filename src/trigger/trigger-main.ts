/** The trigger's process: waits for `pull`, asks the kernel, says how long it took. It may be in D state meanwhile. */
import { readFileSync, writeFileSync } from 'node:fs';
import { serveCommands } from '../base/child-port.js';
import { isProtectedFromReclaim } from '../base/protected-cgroup.js';
import { LEAST_IN_PAGEBLOCK, pageblocksOf } from '../kernel/huge-pages.js';
import { sysctlPath } from '../kernel/sysctl.js';
import { readVmstat } from '../kernel/vmstat.js';
import { dieWithParent } from '../syscall/process.js';
import { writeValue } from '../syscall/write-value.js';
import { findTrigger } from './registry.js';
import type { Trigger, TriggerTarget } from './trigger.js';

const SIGKILL = 9;
dieWithParent(SIGKILL);

/** What a small machine has of them beside the set, although all were taken that could be had. */
const HAD_ELSEWHERE = 16;

interface Words {
  readonly trigger: string;
  readonly marker: string;
  readonly mark: string;
  readonly workloadPid: number;
  /** Path of u64 little-endian numbers by page index. */
  readonly stuckPfns: string;
  readonly mapping: { readonly address: string; readonly bytes: number; readonly fd: number } | null;
}

function aimOf({
  stuckPfns,
}: Pick<Words, 'stuckPfns'>): Pick<TriggerTarget, 'stuckPfns' | 'pageblocks' | 'hugePages'> {
  const pfns = pfnsIn(stuckPfns);
  // As many as the set's pageblocks can give, and no more where tries in vain reclaim page cache, that of the sets, too.
  const elsewhere = isProtectedFromReclaim() ? HAD_ELSEWHERE : 0;
  const pageblocks = pageblocksOf(pfns, LEAST_IN_PAGEBLOCK);
  return { stuckPfns: pfns, pageblocks, hugePages: pageblocks.length + elsewhere };
}

function targetOf({ workloadPid, stuckPfns, mapping }: Words): TriggerTarget {
  return {
    workloadPid,
    ...aimOf({ stuckPfns }),
    mapping: mapping === null ? undefined : { ...mapping, address: BigInt(mapping.address) },
  };
}

function pfnsIn(path: string): Float64Array {
  const bytes = readFileSync(path);
  return Float64Array.from({ length: bytes.length >> 3 }, (_, index) =>
    Number(bytes.readBigInt64LE(index * 8)),
  );
}

function triggerOf(id: string): Trigger {
  const trigger = findTrigger(id);
  if (trigger === undefined) throw new Error(`no such trigger: ${id}`);
  return trigger;
}

serveCommands({
  /** The files that it will write to. */
  changes(words: Pick<Words, 'trigger' | 'stuckPfns'>) {
    return triggerOf(words.trigger).changes?.(aimOf(words)) ?? [];
  },
  /** The memory that it will take away; false where none was brought. */
  async bringMemory({ trigger }: Pick<Words, 'trigger'>) {
    return (await triggerOf(trigger).bringMemory?.()) ?? false;
  },
  /**
   * All memory, before there are sets.  It is MIGRATE_SYNC, and waits for folios under writeback: where there are some,
   * perhaps of a server that is stuck, it is left out.  For one that is locked it waits; hence here, where nobody else
   * hangs with it.
   */
  compactMemory() {
    if ((readVmstat().get('nr_writeback') ?? 0) > 0) return;
    writeValue(sysctlPath('vm.compact_memory'), '1');
  },
  pull(words: Words, begins: () => void) {
    const { trigger: id, marker, mark } = words;
    const trigger = triggerOf(id);
    const target = targetOf(words);
    // The trace has pids of the initial namespace: this line tells which one is ours.
    writeFileSync(marker, `${mark}\n`);
    begins();
    const startedNs = process.hrtime.bigint();
    const answer = trigger.pull(target);
    const endedNs = process.hrtime.bigint();
    const told = trigger.explain?.(answer) ?? {};
    return { ...answer, ...told, startedNs: Number(startedNs), endedNs: Number(endedNs) };
  },
});
