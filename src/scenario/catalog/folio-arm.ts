/** An arm without a FUSE server: folios of the kernel's own, of which nothing is withheld. */
import type { ArmKind, FolioDesign } from '../../record/arm-design.js';
import type { ArmDesign } from '../scenario.js';

export function folioArm(kind: ArmKind, variant: string, folios: FolioDesign): ArmDesign {
  return {
    kind,
    variant,
    workload: 'write',
    misbehaviour: { kind: 'none' },
    folios,
    stuckBy: null,
    waitsIn: null,
  };
}
