/**
 * The names in one directory: found by name in a Map, listed in the order they came.  Each entry has a cookie
 * that only grows, so a listing resumes at the right place whatever was added or removed meanwhile.
 * Knows nothing of link counts, times or limits, nor what an inode is.
 */
/** Cookies 1 and 2 are "." and "..". */
const FIRST_COOKIE = 3;

export class Entry<Node> {
  /** Undefined once it is removed: the listing order still holds it until it is compacted. */
  inode: Node | undefined;

  constructor(
    readonly parent: Node,
    readonly name: string,
    inode: Node,
    readonly cookie: number,
  ) {
    this.inode = inode;
  }
}

export class Directory<Node> {
  readonly #byName = new Map<string, Entry<Node>>();
  /** Ascending by cookie. */
  #order: Entry<Node>[] = [];
  #nextCookie = FIRST_COOKIE;

  get size(): number {
    return this.#byName.size;
  }

  /** Above the cookie of every entry there is. */
  get endCookie(): number {
    return this.#nextCookie;
  }

  get(name: string): Entry<Node> | undefined {
    return this.#byName.get(name);
  }

  add(parent: Node, name: string, inode: Node): Entry<Node> {
    const entry = new Entry(parent, name, inode, this.#nextCookie++);
    this.#byName.set(name, entry);
    this.#order.push(entry);
    return entry;
  }

  remove(entry: Entry<Node>): void {
    this.#byName.delete(entry.name);
    entry.inode = undefined;
    const nrRemoved = this.#order.length - this.#byName.size;
    if (nrRemoved > this.#byName.size + 16) {
      this.#order = this.#order.filter((kept) => kept.inode !== undefined);
    }
  }

  /** Entries with a cookie above `cookie` and below `end`, until `visit` says false. */
  list(cookie: number, end: number, visit: (entry: Entry<Node>, inode: Node) => boolean): void {
    // A visitor that changes the directory may replace the order; this listing keeps the one it began with.
    const order = this.#order;
    for (let at = firstAbove(order, cookie); at < order.length; at++) {
      const entry = order[at];
      if (entry === undefined || entry.cookie >= end) break;
      if (entry.inode === undefined) continue;
      if (!visit(entry, entry.inode)) break;
    }
  }
}

function firstAbove(order: readonly { readonly cookie: number }[], cookie: number): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle]?.cookie ?? 0) > cookie) high = middle;
    else low = middle + 1;
  }
  return low;
}
