/**
 * What machine a cell needs, as data, and which cells share a boot: those of one shape, unless a trigger harms the
 * kernel.  It knows scenarios and triggers by their ids only; an id that is not named here is content with any machine.
 */
import type { MachineShape } from './machine-shape.js';

interface ShapeName {
  /** Names the boot: `plain`, `two-nodes`. */
  readonly name: string;
  readonly shape: MachineShape;
}

/** What of a cell decides about its boot. */
export interface ShapedCell {
  readonly scenario: { readonly id: string; readonly triggers: readonly string[] };
  readonly trigger: { readonly id: string; readonly harmsHost: boolean };
}

export interface Boot<Cell extends ShapedCell> {
  /** Unique among the boots of one call, and a directory's name: `plain`, `two-nodes`, `soft-offline-splice-pinned`. */
  readonly name: string;
  readonly shape: MachineShape;
  readonly cells: readonly Cell[];
}

const plainShape: MachineShape = { memoryMiB: 1536, cpus: 2, numaNodes: 1 };
const twoNodes: MachineShape = { ...plainShape, memoryMiB: 2048, numaNodes: 2 };
const movable: MachineShape = { ...plainShape, memoryMiB: 2048, movableMiB: 1024 };
/** A gibibyte of CMA, aligned, and as much again for what is moved out of it. */
const hugetlbCma: MachineShape = { ...plainShape, memoryMiB: 3072, hugetlbCmaMiB: 1024 };

/** The DIMM is all of ZONE_MOVABLE, which user memory and page cache are taken from first. */
const hotplug: MachineShape = { ...plainShape, hotplugDimmMiB: 256 };

const plain: ShapeName = { name: 'plain', shape: plainShape };

/** By trigger. */
export const shapeOfTrigger: Readonly<Record<string, ShapeName>> = {
  'move-pages': { name: 'two-nodes', shape: twoNodes },
  'migrate-pages': { name: 'two-nodes', shape: twoNodes },
  mbind: { name: 'two-nodes', shape: twoNodes },
  offline: { name: 'movable', shape: movable },
  'dimm-unplug': { name: 'dimm', shape: hotplug },
  'gigantic-alloc': { name: 'hugetlb-cma', shape: hugetlbCma },
  'cma-alloc': { name: 'hugetlb-cma', shape: hugetlbCma },
};

/** Triggers that harm a host, and leave a guest as they found it: there their cells may follow each other. */
const undone: ReadonlySet<string> = new Set(['offline', 'dimm-unplug']);

function shapeFor({ trigger }: ShapedCell): ShapeName {
  return shapeOfTrigger[trigger.id] ?? plain;
}

/**
 * In the order of the cells.  Words name scenarios and triggers, and so mean all their pairs: no boot has cells of which
 * the words would mean one that is not among them.
 */
export function bootsFor<Cell extends ShapedCell>(cells: readonly Cell[]): readonly Boot<Cell>[] {
  const boots: { key: string; shaped: ShapeName; cells: Cell[] }[] = [];
  for (const ofPair of groupedBy(cells, ({ scenario }) => scenario.id)) {
    for (const group of groupedBy(ofPair, keyOf)) {
      const [first] = group as [Cell];
      const key = keyOf(first);
      const there = boots.find((boot) => boot.key === key && meansOnly([...boot.cells, ...group]));
      if (there !== undefined) there.cells.push(...group);
      else boots.push({ key, shaped: shapeFor(first), cells: [...group] });
    }
  }
  const names = new Set<string>();
  return boots.map(({ key, shaped, cells: ofBoot }) => ({
    name: unique(key, names),
    shape: shaped.shape,
    cells: ofBoot,
  }));
}

/** Equal for cells that may share a boot. */
function keyOf(cell: ShapedCell): string {
  const { scenario, trigger } = cell;
  const { name } = shapeFor(cell);
  if (!trigger.harmsHost) return name;
  return undone.has(trigger.id) ? trigger.id : `${trigger.id}-${scenario.id}`;
}

function meansOnly(cells: readonly ShapedCell[]): boolean {
  const pairs = new Set(cells.map(({ scenario, trigger }) => `${scenario.id} ${trigger.id}`));
  return cells.every(({ scenario }) =>
    cells.every(
      ({ trigger }) => !scenario.triggers.includes(trigger.id) || pairs.has(`${scenario.id} ${trigger.id}`),
    ),
  );
}

function groupedBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function unique(name: string, taken: Set<string>): string {
  let candidate = name;
  for (let count = 2; taken.has(candidate); count++) candidate = `${name}-${count}`;
  taken.add(candidate);
  return candidate;
}
