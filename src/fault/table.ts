/**
 * The faults in force, and the decision for each request.  Pure: neither clock nor timer.  `decide` runs on the
 * request path: a request whose opcode no fault names costs one array lookup, and paths keep the answer of all
 * globs, so that a hundred globs cost one map lookup.
 */
import { Opcode } from '../protocol/opcode.js';
import { compileAction, type Decision } from './actions.js';
import { describeFault } from './describe.js';
import type { Fault } from './fault.js';
import { type CompiledMatch, compileMatch } from './match.js';
import { faultableOpcodes } from './opcode-spec.js';
import { seededRandom } from './random.js';
import type { Subject } from './subject.js';

export interface ListedFault {
  readonly id: number;
  readonly fault: Fault;
  /** Requests that this fault has taken so far. */
  readonly hits: number;
}

interface Rule {
  readonly id: number;
  readonly fault: Fault;
  readonly match: CompiledMatch;
  readonly act: (subject: Subject) => Decision;
  hits: number;
}

const pass: Decision = { kind: 'pass' };
const nrOpcodes = Math.max(...Object.values(Opcode)) + 1;
/** Past this many paths an opcode forgets them all and begins anew; a path is the price of its globs again. */
const maxPathsKept = 4096;

/** The faults that name one opcode, in order of addition. */
class OpcodeRules {
  readonly #rules: readonly Rule[];
  readonly #anyPath: readonly Rule[];
  readonly #byPath = new Map<string, readonly Rule[]>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.#anyPath = rules.filter((rule) => rule.match.matchesPath === undefined);
  }

  get rules(): readonly Rule[] {
    return this.#rules;
  }

  /** Those whose glob, if they have one, takes the subject's path. */
  candidates(subject: Subject): readonly Rule[] {
    if (this.#anyPath.length === this.#rules.length) return this.#rules;
    const path = subject.path();
    if (path === undefined) return this.#anyPath;
    return this.#byPath.get(path) ?? this.#findByPath(path);
  }

  #findByPath(path: string): readonly Rule[] {
    const found = this.#rules.filter((rule) => rule.match.matchesPath?.(path) ?? true);
    if (this.#byPath.size >= maxPathsKept) this.#byPath.clear();
    // The common answer is shared: a kept path then costs its map entry alone.
    this.#byPath.set(path, found.length === this.#anyPath.length ? this.#anyPath : found);
    return found;
  }
}

export class FaultTable {
  readonly #seed: number;
  readonly #rules = new Map<number, Rule>();
  readonly #byOpcode: (OpcodeRules | undefined)[] = new Array<undefined>(nrOpcodes).fill(undefined);
  readonly #nrByAction = new Map<Fault['action']['type'], number>();
  #nextId = 1;

  /** The seed (an integer from 0 to 2^53 - 1) and the order of requests fix every random choice. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#rules.size;
  }

  /** Whether any fault has this action. Asked for every request that is spliced. */
  has(type: Fault['action']['type']): boolean {
    return (this.#nrByAction.get(type) ?? 0) > 0;
  }

  /**
   * Puts a fault behind all others.  Its id is never used again, not even after a clear.
   * @param random its own stream, where it is not to follow from the id
   */
  add(fault: Fault, random = seededRandom(this.#seed, this.#nextId)): { id: number } {
    const id = this.#nextId;
    this.#nextId += 1;
    const rule: Rule = {
      id,
      fault,
      match: compileMatch(fault.match, random),
      act: compileAction(fault.action, {
        faultId: id,
        reason: `fault ${id}: ${describeFault(fault)}`,
        random,
      }),
      hits: 0,
    };
    this.#rules.set(id, rule);
    this.#count(fault, 1);
    this.#eachOpcodeOf(fault, (rules) => [...rules, rule]);
    return { id };
  }

  /** In order of addition. */
  list(): ListedFault[] {
    return Array.from(this.#rules.values(), ({ id, fault, hits }) => ({ id, fault, hits }));
  }

  /** False when there is no such fault. What it has already taken stays taken. */
  remove(id: number): boolean {
    const rule = this.#rules.get(id);
    if (rule === undefined) return false;
    this.#rules.delete(id);
    this.#count(rule.fault, -1);
    this.#eachOpcodeOf(rule.fault, (rules) => rules.filter((other) => other !== rule));
    return true;
  }

  /** Removes every fault; gives how many there were. */
  clear(): number {
    const { size } = this.#rules;
    this.#rules.clear();
    this.#nrByAction.clear();
    this.#byOpcode.fill(undefined);
    return size;
  }

  /**
   * The first fault that matches, in order of addition, decides; those behind it neither see nor count the request.
   * To be called once for each request.
   */
  decide(subject: Subject): Decision {
    const ofOpcode = this.#byOpcode[subject.opcode];
    if (ofOpcode === undefined) return pass;
    for (const rule of ofOpcode.candidates(subject)) {
      if (rule.match.matchesPlace(subject) && rule.match.choose()) {
        rule.hits += 1;
        return rule.act(subject);
      }
    }
    return pass;
  }

  #count({ action: { type } }: Fault, change: 1 | -1): void {
    this.#nrByAction.set(type, (this.#nrByAction.get(type) ?? 0) + change);
  }

  #eachOpcodeOf(fault: Fault, change: (rules: readonly Rule[]) => readonly Rule[]): void {
    for (const name of fault.match.opcodes ?? faultableOpcodes) {
      const rules = change(this.#byOpcode[Opcode[name]]?.rules ?? []);
      this.#byOpcode[Opcode[name]] = rules.length === 0 ? undefined : new OpcodeRules(rules);
    }
  }
}
