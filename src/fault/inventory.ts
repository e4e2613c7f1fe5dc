/**
 * The requests that are held or delayed at this moment.  An entry is taken out exactly once, so a reply settles
 * exactly once; whoever takes it answers it.  Kept as a list in order of arrival beside a map by unique: taking
 * and asking for the oldest are O(1), with 65,535 entries (the kernel's ceiling of max_background) as with one.
 */
import type { NodeId, Unique } from '../base/branded.js';
import { StuckfsError } from '../base/errors.js';
import { compileGlob } from './glob.js';

/** Two requests in flight never share a unique (fs/fuse/dev.c, fuse_get_unique), so this is a slip of the caller. */
export class DuplicateUniqueError extends StuckfsError {
  override readonly code = 'DUPLICATE_UNIQUE';
}

export interface HeldRequest<Payload> {
  readonly unique: Unique;
  readonly opcode: number;
  readonly nodeid: NodeId;
  /** As it was when the request was taken; undefined when the node had none. */
  readonly path: string | undefined;
  readonly offset: number | undefined;
  /** Bytes. */
  readonly size: number | undefined;
  readonly pid: number;
  /** Monotonic milliseconds; never below that of an entry added earlier. */
  readonly heldSinceMs: number;
  /** When a delayed reply is due, on the same scale; undefined for one that waits for a release. */
  readonly deadlineMs: number | undefined;
  /** Undefined when no fault took it but the unplugged cable. */
  readonly faultId: number | undefined;
  /** Taken by the action `never`. */
  readonly never: boolean;
  readonly reason: string;
  /** What the daemon needs to answer it. */
  readonly payload: Payload;
}

/** All conditions given must hold. */
export interface HeldFilter {
  readonly opcodes?: readonly number[] | undefined;
  /** A glob in the normal form of GlobSpec; an entry without a path never matches. */
  readonly path?: string | undefined;
  readonly nodeid?: number | undefined;
  readonly uniques?: readonly bigint[] | undefined;
  /** null: what no fault took but the unplugged cable. */
  readonly faultId?: number | null | undefined;
  /** false: nothing that the action `never` took. */
  readonly never?: false | undefined;
  /** At most so many, counted in the order below. */
  readonly count?: number | undefined;
  /** `fifo`, the default: oldest first.  `reversed`: newest first. */
  readonly order?: 'fifo' | 'reversed' | undefined;
}

export interface HeldTotals {
  readonly requests: number;
  readonly bytes: number;
}

/** A number that is kept up to date, as long as it is watched. */
export interface WatchedCount {
  readonly requests: number;
}

interface Watch {
  readonly matches: (entry: HeldRequest<unknown>) => boolean;
  requests: number;
}

class Node<Payload> {
  previous: Node<Payload> | undefined = undefined;
  next: Node<Payload> | undefined = undefined;
  constructor(
    readonly entry: HeldRequest<Payload>,
    readonly order: number,
  ) {}
}

const nothing: HeldTotals = { requests: 0, bytes: 0 };

export class Inventory<Payload> {
  readonly #byUnique = new Map<bigint, Node<Payload>>();
  readonly #byOpcode = new Map<number, { requests: number; bytes: number }>();
  readonly #watches = new Set<Watch>();
  #oldest: Node<Payload> | undefined;
  #newest: Node<Payload> | undefined;
  #bytes = 0;
  #nextOrder = 0;

  add(entry: HeldRequest<Payload>): void {
    if (this.#byUnique.has(entry.unique))
      throw new DuplicateUniqueError(`request ${entry.unique} is held already`);
    const node = new Node(entry, this.#nextOrder);
    this.#nextOrder += 1;
    node.previous = this.#newest;
    if (this.#newest === undefined) this.#oldest = node;
    else this.#newest.next = node;
    this.#newest = node;
    this.#byUnique.set(entry.unique, node);
    this.#count(entry, 1);
  }

  get(unique: bigint): HeldRequest<Payload> | undefined {
    return this.#byUnique.get(unique)?.entry;
  }

  /** Takes an entry out; undefined when it is not there, or was taken before. */
  take(unique: bigint): HeldRequest<Payload> | undefined {
    const node = this.#byUnique.get(unique);
    if (node === undefined) return undefined;
    this.#byUnique.delete(unique);
    if (node.previous === undefined) this.#oldest = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#newest = node.previous;
    else node.next.previous = node.previous;
    this.#count(node.entry, -1);
    return node.entry;
  }

  /** What matches, in order, and stays in: take each by its unique, for another may have taken it meanwhile. */
  select(filter: HeldFilter = {}): HeldRequest<Payload>[] {
    const matches = compileFilter(filter);
    const limit = filter.count ?? Number.POSITIVE_INFINITY;
    const selected: HeldRequest<Payload>[] = [];
    for (const entry of this.#inOrder(filter)) {
      if (selected.length >= limit) break;
      if (matches(entry)) selected.push(entry);
    }
    return selected;
  }

  /** How many match, at any time from now on; adding and taking then cost a test each. */
  watch(filter: HeldFilter): WatchedCount {
    const matches = compileFilter(filter);
    const watch = { matches, requests: this.select(filter).length };
    this.#watches.add(watch);
    return watch;
  }

  unwatch(count: WatchedCount): void {
    this.#watches.delete(count as Watch);
  }

  get totals(): HeldTotals {
    return { requests: this.#byUnique.size, bytes: this.#bytes };
  }

  totalsOf(opcode: number): HeldTotals {
    return { ...(this.#byOpcode.get(opcode) ?? nothing) };
  }

  /** Opcodes of which something is held, with their totals. */
  totalsByOpcode(): Map<number, HeldTotals> {
    return new Map(Array.from(this.#byOpcode, ([opcode, totals]) => [opcode, { ...totals }]));
  }

  /** Undefined when nothing is held. */
  get oldestHeldSinceMs(): number | undefined {
    return this.#oldest?.entry.heldSinceMs;
  }

  *#inOrder(filter: HeldFilter): Generator<HeldRequest<Payload>> {
    const reversed = filter.order === 'reversed';
    if (filter.uniques !== undefined) {
      const nodes = [...new Set(filter.uniques)].flatMap((unique) => this.#byUnique.get(unique) ?? []);
      nodes.sort((a, b) => (reversed ? b.order - a.order : a.order - b.order));
      for (const node of nodes) yield node.entry;
      return;
    }
    let node = reversed ? this.#newest : this.#oldest;
    while (node !== undefined) {
      yield node.entry;
      node = reversed ? node.previous : node.next;
    }
  }

  #count(entry: HeldRequest<Payload>, sign: 1 | -1): void {
    const bytes = sign * (entry.size ?? 0);
    const totals = this.#byOpcode.get(entry.opcode) ?? { requests: 0, bytes: 0 };
    totals.requests += sign;
    totals.bytes += bytes;
    this.#bytes += bytes;
    if (totals.requests === 0) this.#byOpcode.delete(entry.opcode);
    else this.#byOpcode.set(entry.opcode, totals);
    if (this.#watches.size === 0) return;
    for (const watch of this.#watches) if (watch.matches(entry)) watch.requests += sign;
  }
}

function compileFilter(filter: HeldFilter): (entry: HeldRequest<unknown>) => boolean {
  const { nodeid, faultId, never } = filter;
  const wantedFault = faultId ?? undefined;
  const opcodes = filter.opcodes && new Set(filter.opcodes);
  const matchesPath = filter.path === undefined ? undefined : keepingAnswers(compileGlob(filter.path));
  return (entry) =>
    (nodeid === undefined || entry.nodeid === nodeid) &&
    (faultId === undefined || entry.faultId === wantedFault) &&
    (never === undefined || !entry.never) &&
    (opcodes === undefined || opcodes.has(entry.opcode)) &&
    (matchesPath === undefined || (entry.path !== undefined && matchesPath(entry.path)));
}

const maxAnswersKept = 4096;

/** Thousands of held requests are mostly about a few files. */
function keepingAnswers(matchesPath: (path: string) => boolean): (path: string) => boolean {
  const answers = new Map<string, boolean>();
  return (path) => {
    const known = answers.get(path);
    if (known !== undefined) return known;
    const answer = matchesPath(path);
    // A count that is watched may see any number of them.
    if (answers.size >= maxAnswersKept) answers.clear();
    answers.set(path, answer);
    return answer;
  };
}
