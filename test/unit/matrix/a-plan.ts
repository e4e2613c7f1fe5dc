/** A small plan to test with: two kernels, two scenarios. */
import type { MatrixPlan, PlannedKernel, Shard } from '../../../src/matrix/matrix-plan.js';
import { planMatrix } from '../../../src/matrix/plan.js';
import { type CellWords, wantedCells } from '../../../src/scenario/cells.js';
import { scenarios } from '../../../src/scenario/registry.js';
import { triggers } from '../../../src/trigger/registry.js';

export const played = {
  all: false,
  transports: [],
  mitigations: [],
  repeat: 1,
  stuckBytes: 2 << 20,
  holdMs: 2000,
  seed: 1,
};

export function kernel(label: string, more: Partial<PlannedKernel> = {}): PlannedKernel {
  return {
    label,
    name: `debian:${label}`,
    modules: null,
    release: `${label}.1-test`,
    imageSha256: `sum of ${label}`,
    source: { kind: 'path' },
    ...more,
  };
}

export function cellsOf(words: Partial<CellWords>) {
  const all = { scenarios: [], all: false, triggers: [], transports: [], mitigations: [], ...words };
  return wantedCells(all, { scenarios, triggers }).cells;
}

export interface Asked {
  readonly words?: Partial<CellWords>;
  readonly shard?: Shard | null;
  readonly kernels?: readonly PlannedKernel[];
  readonly repeat?: number;
}

/** Unless it is asked for more: writeback-held x compact, healthy x compact, on 6.1 and 6.18, in one boot. */
export function aPlan({ words, shard, kernels, repeat = 1 }: Asked = {}): MatrixPlan {
  return planMatrix({
    stuckfs: '1.2.3',
    played: { ...played, repeat },
    kernels: kernels ?? [kernel('6.1'), kernel('6.18')],
    cells: cellsOf(words ?? { scenarios: ['writeback-held', 'healthy'] }),
    shard: shard ?? null,
  });
}
