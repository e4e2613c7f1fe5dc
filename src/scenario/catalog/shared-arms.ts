/** Arms that more than one scenario has: the control, and a fault arm whose WRITE acks are withheld. */
import type { FaultInput } from '../../control/contract/faults.js';
import type { MitigationName } from '../../mitigation/mitigation.js';
import type { ArmDesign, ServerDesign, WorkloadKind } from '../scenario.js';

/** Where a MIGRATE_SYNC caller sleeps for a folio under writeback: migrate_folio_unmap() (mm/migrate.c). */
export const waitsForWriteback = 'folio_wait_writeback';

/** The same workload on a server that answers everything. */
export function control(workload: WorkloadKind, server: ServerDesign = {}): ArmDesign {
  return { kind: 'control', workload, server, misbehaviour: { kind: 'none' }, stuckBy: null, waitsIn: null };
}

/** A fault for every such request of the stuck file, and for nothing else. */
export function everyOfStuck(
  opcode: 'FUSE_READ' | 'FUSE_WRITE',
  action: FaultInput['action'],
): (stuckPath: string) => readonly FaultInput[] {
  return (stuckPath) => [{ match: { opcodes: [opcode], path: stuckPath }, action }];
}

/** The acks of all WRITEs of the stuck file are withheld until the release. */
export function heldWrites(workload: WorkloadKind, server: ServerDesign = {}): ArmDesign {
  return {
    kind: 'fault',
    workload,
    server,
    misbehaviour: {
      kind: 'faults',
      faults: everyOfStuck('FUSE_WRITE', { type: 'hold' }),
    },
    stuckBy: 'writeback',
    waitsIn: waitsForWriteback,
  };
}

/** Mitigations are shown under `compact`, whose trace shows which folios move first. */
export function underCompact(mitigation: MitigationName): Pick<ArmDesign, 'mitigation' | 'triggers'> {
  return { mitigation, triggers: ['compact'] };
}

/** The fault arm, and the same with each mitigation. */
export function withAndWithout(arm: ArmDesign, ...mitigations: readonly MitigationName[]): ArmDesign[] {
  return [arm, ...mitigations.map((mitigation) => ({ ...arm, ...underCompact(mitigation) }))];
}
