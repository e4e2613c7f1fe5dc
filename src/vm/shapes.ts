/**
 * What machine a cell needs, as data, and which cells share a boot: those of one name, unless a trigger that is not
 * named here harms the kernel.  It knows scenarios and triggers by their ids only; an id that is not named here is content with any machine.
 */
import { leastHarmFirst } from '../base/least-harm-first.js';
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
  /** Unique among the boots of one call, and a directory's name: `plain`, `two-nodes`. */
  readonly name: string;
  readonly shape: MachineShape;
  readonly cells: readonly Cell[];
}

/** Enough for what huge pages are made of, and for the room around large folios. */
const plainShape: MachineShape = { memoryMiB: 1792, cpus: 2, numaNodes: 1 };
/**
 * The DIMM is all of ZONE_MOVABLE, which user memory and page cache are taken from first; of several blocks, so that what
 * one of them holds has room in the others. It is there from the first arm on that wants it.
 */
const twoNodesAndDimm: MachineShape = {
  ...plainShape,
  memoryMiB: 2048,
  numaNodes: 2,
  hotplugDimmMiB: 1024,
};
/** A gibibyte of CMA, aligned, and as much again for what is moved out of it. */
const hugetlbCma: MachineShape = { ...plainShape, memoryMiB: 3072, hugetlbCmaMiB: 1024 };

const plain: ShapeName = { name: 'plain', shape: plainShape };
const twoNodes: ShapeName = { name: 'two-nodes', shape: twoNodesAndDimm };

/**
 * By trigger. Those that harm a host leave a guest as they found it, or without a frame or two: their cells may follow each
 * other, and those of others come before them.
 */
export const shapeOfTrigger: Readonly<Record<string, ShapeName>> = {
  'move-pages': twoNodes,
  'migrate-pages': twoNodes,
  mbind: twoNodes,
  offline: twoNodes,
  'dimm-unplug': twoNodes,
  'soft-offline': plain,
  'gigantic-alloc': { name: 'hugetlb-cma', shape: hugetlbCma },
  'cma-alloc': { name: 'hugetlb-cma', shape: hugetlbCma },
};

/**
 * In the order of the cells, and in each the order in which a run plays them.  Words name scenarios and triggers, and so mean all their pairs: no boot has cells of which
 * the words would mean one that is not among them.
 */
export function bootsFor<Cell extends ShapedCell>(cells: readonly Cell[]): readonly Boot<Cell>[] {
  const boots: { key: string; shape: MachineShape; cells: Cell[] }[] = [];
  for (const ofPair of groupedBy(cells, ({ scenario }) => scenario.id)) {
    for (const group of groupedBy(ofPair, keyOf)) {
      const [first] = group as [Cell];
      const key = keyOf(first);
      const there = boots.find((boot) => boot.key === key && meansOnly([...boot.cells, ...group]));
      if (there !== undefined) there.cells.push(...group);
      else boots.push({ key, shape: (shapeOfTrigger[first.trigger.id] ?? plain).shape, cells: [...group] });
    }
  }
  const names = new Set<string>();
  return boots.map(({ key, shape, cells: ofBoot }) => ({
    name: unique(key, names),
    shape,
    cells: leastHarmFirst(ofBoot),
  }));
}

/** Equal for cells that may share a boot. */
function keyOf({ scenario, trigger }: ShapedCell): string {
  const known = shapeOfTrigger[trigger.id];
  if (known !== undefined) return known.name;
  return trigger.harmsHost ? `${trigger.id}-${scenario.id}` : plain.name;
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
