/**
 * How many requests the faults of a plan can hold by some phase, at the most.  Errs upwards only: what is not
 * certain counts as possible.
 */
import type { Fault } from '../fault/fault.js';
import { compileGlob } from '../fault/glob.js';
import { faultableOpcodes } from '../fault/opcode-spec.js';
import type { OpcodeName } from '../protocol/opcode.js';
import type { HeldFilterOfPlan, Phase } from './plan.js';

/** Actions that answer at once, so that nothing is ever held by them. */
const answeringActions: ReadonlySet<string> = new Set(['fail', 'short']);

/** Whose requests are about bytes of a file: a range matches no other (src/daemon/subject.ts). */
const withOffset: ReadonlySet<OpcodeName> = new Set<OpcodeName>([
  'FUSE_READ',
  'FUSE_WRITE',
  'FUSE_FALLOCATE',
  'FUSE_LSEEK',
  'FUSE_COPY_FILE_RANGE',
  'FUSE_COPY_FILE_RANGE_64',
]);

/** False for a range over opcodes none of which has an offset. */
export function canMatchRange({ match }: Fault): boolean {
  return match.range === undefined || opcodesOf(match).some((name) => withOffset.has(name));
}

/**
 * An upper bound of what matches and is held while phase `index` waits for its condition; Infinity where nothing
 * bounds it.  What an earlier phase held may be held still, whether its faults are there or not.
 */
export function mayHold(phases: readonly Phase[], index: number, filter: HeldFilterOfPlan): number {
  let most = 0;
  const ahead: Fault[] = [];
  for (const phase of phases.slice(0, index + 1)) {
    const before = [...ahead];
    for (const fault of phase.faults) {
      if (mayTake(fault, filter, before)) most += fault.match.nth === undefined ? Infinity : 1;
      before.push(fault);
    }
    if (phase.keep) ahead.push(...phase.faults);
    if (phase !== phases[index] && phase.steps.includes('unplug')) most = Infinity;
  }
  return most;
}

function mayTake(fault: Fault, filter: HeldFilterOfPlan, before: readonly Fault[]): boolean {
  const { action, match } = fault;
  if (answeringActions.has(action.type) || !canMatchRange(fault)) return false;
  const opcodes = opcodesOf(match).filter((name) => filter.opcodes?.includes(name) ?? true);
  if (!opcodes.some((name) => !before.some((other) => takesAll(other, name)))) return false;
  return mayBothMatch(match.path, filter.path);
}

/** The first fault that matches decides: behind such a one no other sees a request of this opcode. */
function takesAll({ action, match }: Fault, opcode: OpcodeName): boolean {
  const { path, nodeid, range, nth, every, probability = 1 } = match;
  if ([path, nodeid, range, nth].some((condition) => condition !== undefined)) return false;
  return (
    answeringActions.has(action.type) &&
    (every ?? 1) === 1 &&
    probability === 1 &&
    opcodesOf(match).includes(opcode)
  );
}

function opcodesOf({ opcodes }: Fault['match']): readonly OpcodeName[] {
  return opcodes ?? faultableOpcodes;
}

/** False only where one of the two is a plain path that the other does not match. */
function mayBothMatch(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  if (isPlain(one)) return compileGlob(other)(one);
  return !isPlain(other) || compileGlob(one)(other);
}

function isPlain(glob: string): boolean {
  return /^[\w\-./ ]+$/.test(glob);
}
