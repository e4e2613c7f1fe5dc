/**
 * How many requests the faults of a plan can hold by some phase, at the most.  Errs upwards only: what is not
 * certain counts as possible.  A plan may be large, so what it holds is worked out once.
 */
import type { Action } from '../fault/actions.js';
import type { Fault } from '../fault/fault.js';
import { compileGlob } from '../fault/glob.js';
import { faultableOpcodes } from '../fault/opcode-spec.js';
import type { OpcodeName } from '../protocol/opcode.js';
import type { HeldFilterOfPlan, Phase } from './plan.js';

/** Actions that answer at once, so that nothing is ever held by them; one that is missing here counts as holding. */
const answeringActions: ReadonlySet<Action['type']> = new Set<Action['type']>(['fail', 'short']);

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

/** Something that holds from its phase on: what it held may be held still when the phase is over. */
interface Holder {
  readonly phase: number;
  readonly opcodes: ReadonlySet<OpcodeName>;
  readonly path: string | undefined;
  readonly most: number;
}

export class MayHold {
  readonly #holders: Holder[] = [];
  readonly #globs = new Map<string, (path: string) => boolean>();

  constructor(phases: readonly Phase[]) {
    /** Opcodes that no fault sees any more, since the first that matches decides. */
    const takenForGood = new Set<OpcodeName>();
    for (const [phase, { faults, steps, keep }] of phases.entries()) {
      const taken = new Set(takenForGood);
      for (const fault of faults) {
        const opcodes = opcodesOf(fault.match).filter((name) => !taken.has(name));
        if (!answeringActions.has(fault.action.type)) this.#add(phase, fault, opcodes);
        else if (takesAll(fault)) {
          for (const name of opcodes) taken.add(name);
          if (keep) for (const name of opcodes) takenForGood.add(name);
        }
      }
      if (steps.includes('unplug'))
        this.#holders.push({
          phase: phase + 1,
          opcodes: new Set(faultableOpcodes),
          path: undefined,
          most: Number.POSITIVE_INFINITY,
        });
    }
  }

  /**
   * An upper bound of what matches and is held while phase `index` waits for its condition; Infinity where nothing
   * bounds it.
   * @param enough past this it is not counted on
   */
  most(index: number, filter: HeldFilterOfPlan, enough: number): number {
    let most = 0;
    for (const { phase, opcodes, path, most: more } of this.#holders) {
      if (most >= enough || phase > index) break;
      const meets = filter.opcodes?.some((name) => opcodes.has(name)) ?? true;
      if (meets && this.#mayBothMatch(path, filter.path)) most += more;
    }
    return most;
  }

  #add(phase: number, fault: Fault, opcodes: readonly OpcodeName[]): void {
    if (opcodes.length === 0 || !canMatchRange(fault)) return;
    const { path, nth } = fault.match;
    const most = nth === undefined ? Number.POSITIVE_INFINITY : 1;
    this.#holders.push({ phase, opcodes: new Set(opcodes), path, most });
  }

  /** False only where one of the two is a plain path that the other does not match. */
  #mayBothMatch(one: string | undefined, other: string | undefined): boolean {
    if (one === undefined || other === undefined) return true;
    if (isPlain(one)) return this.#matches(other, one);
    return !isPlain(other) || this.#matches(one, other);
  }

  #matches(glob: string, path: string): boolean {
    let matches = this.#globs.get(glob);
    if (matches === undefined) {
      matches = compileGlob(glob);
      this.#globs.set(glob, matches);
    }
    return matches(path);
  }
}

/** Whether no request of its opcodes passes it by. */
function takesAll({ match }: Fault): boolean {
  const { path, nodeid, range, nth, every = 1, probability = 1 } = match;
  const isBare = [path, nodeid, range, nth].every((condition) => condition === undefined);
  return isBare && every === 1 && probability === 1;
}

function opcodesOf({ opcodes }: Fault['match']): readonly OpcodeName[] {
  return opcodes ?? faultableOpcodes;
}

function isPlain(glob: string): boolean {
  return /^[\w\-./ ]+$/.test(glob);
}
