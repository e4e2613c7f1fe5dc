/**
 * Which nodes there are: by node id, by device and inode number (hard links are one node), by directory and name.
 * A node that nobody refers to stays known for a while, as a dentry does.  Pure bookkeeping: opens nothing, and
 * tells its owner by `onDrop` when a node is gone.
 */
import type { NodeId } from '../../base/branded.js';
import { S_IFDIR } from '../mode.js';
import { Node } from './node.js';

export interface FileIdentity {
  readonly identity: string;
  readonly birth: string;
  readonly type: number;
}

const ROOT_ID = 1 as NodeId;

export class NodeTable {
  readonly root: Node;
  readonly #byId = new Map<NodeId, Node>();
  readonly #byIdentity = new Map<string, Node>();
  /** By node id of the directory and name. */
  readonly #byName = new Map<string, Node>();
  /** Known, but referred to by nobody; the longest idle first. */
  readonly #idle = new Set<Node>();
  #nextId = 2;
  #nrLookups = 0;

  /** @param maxIdle how many nodes that nobody refers to stay known */
  constructor(
    root: FileIdentity,
    private readonly maxIdle: number,
    private readonly onDrop: (node: Node) => void,
  ) {
    this.root = new Node(ROOT_ID, root.identity, root.birth, root.type);
    this.#byId.set(ROOT_ID, this.root);
    this.#byIdentity.set(root.identity, this.root);
  }

  /** Without the root. */
  get size(): number {
    return this.#byId.size - 1;
  }

  get nrLookups(): number {
    return this.#nrLookups;
  }

  get(nodeid: NodeId): Node | undefined {
    return this.#byId.get(nodeid);
  }

  /** The node of a file that is open now, made if need be. */
  adopt(file: FileIdentity): Node {
    const known = this.#byIdentity.get(file.identity);
    if (known !== undefined) {
      // While it is open its inode number is taken; else a later file may have it.
      if (known.pathFd >= 0 || isSameFile(known, file)) return known;
      this.#byIdentity.delete(file.identity);
    }
    const node = new Node(this.#nextId++ as NodeId, file.identity, file.birth, file.type);
    this.#byId.set(node.nodeid, node);
    this.#byIdentity.set(file.identity, node);
    this.#idle.add(node);
    return node;
  }

  /** A node id that is no node's and never will be. */
  spareId(): NodeId {
    return this.#nextId++ as NodeId;
  }

  all(): Iterable<Node> {
    return this.#byId.values();
  }

  find(parent: Node, name: string): Node | undefined {
    return this.#byName.get(keyOf(parent, name));
  }

  /** The node was found, made or put under this name. */
  bind(node: Node, parent: Node, name: string): void {
    const key = keyOf(parent, name);
    const old = this.#byName.get(key);
    if (old === node || node === this.root) return;
    if (node.type === S_IFDIR) {
      this.#cutCircle(node, parent);
      // A directory has one name: somebody moved it.
      for (const at of [...node.names]) this.unbind(at.parent, at.name, node);
    }
    if (old !== undefined) this.unbind(parent, name);
    this.#byName.set(key, node);
    node.names.push({ parent, name });
    parent.nrChildren++;
    this.#idle.delete(parent);
  }

  /** The name is no more, or no longer this node's. A node that nobody refers to goes with its last name, but for `kept`. */
  unbind(parent: Node, name: string, kept?: Node): void {
    const key = keyOf(parent, name);
    const node = this.#byName.get(key);
    if (node === undefined) return;
    this.#byName.delete(key);
    node.names.splice(
      node.names.findIndex((at) => at.parent === parent && at.name === name),
      1,
    );
    parent.nrChildren--;
    if (node !== kept) this.#settle(node);
    this.#settle(parent);
  }

  remember(node: Node): void {
    if (node === this.root) return;
    node.nlookup++;
    this.#nrLookups++;
    this.#idle.delete(node);
  }

  forget(node: Node, nlookup: number): void {
    const nr = Math.min(nlookup, node.nlookup);
    node.nlookup -= nr;
    this.#nrLookups -= nr;
    this.#settle(node);
  }

  opened(node: Node): void {
    node.nrOpen++;
    this.#idle.delete(node);
  }

  closed(node: Node): void {
    node.nrOpen--;
    this.#settle(node);
  }

  /** Forgets what has been idle for longest. Not while an operation is under way: it may be about such a node. */
  trim(): void {
    for (const node of this.#idle) {
      if (this.#idle.size <= this.maxIdle) return;
      this.#drop(node);
    }
  }

  /** "/dir/file" by the name that was found last; undefined when there is none. */
  pathOf(node: Node): string | undefined {
    if (node === this.root) return '/';
    const parts: string[] = [];
    for (let at = node; at !== this.root; ) {
      const last = at.names.at(-1);
      if (last === undefined) return undefined;
      parts.push(last.name);
      at = last.parent;
    }
    return `/${parts.reverse().join('/')}`;
  }

  #settle(node: Node): void {
    if (node === this.root || node.isReferenced) return;
    if (node.names.length === 0) this.#drop(node);
    else this.#idle.add(node);
  }

  #drop(node: Node): void {
    if (this.#byId.get(node.nodeid) !== node) return;
    this.#idle.delete(node);
    this.#byId.delete(node.nodeid);
    if (this.#byIdentity.get(node.identity) === node) this.#byIdentity.delete(node.identity);
    for (const at of [...node.names]) this.unbind(at.parent, at.name, node);
    this.onDrop(node);
  }

  /** Moves from outside can make it look as if `node` came to lie in itself: what we knew of that way is wrong. */
  #cutCircle(node: Node, parent: Node): void {
    for (let at: Node | undefined = parent; at !== undefined; at = at.names.at(-1)?.parent) {
      const above = at.names.at(-1);
      if (above?.parent !== node) continue;
      this.unbind(above.parent, above.name, at);
      return;
    }
  }
}

export function isSameFile(node: Node, file: FileIdentity): boolean {
  return node.identity === file.identity && node.birth === file.birth && node.type === file.type;
}

function keyOf(parent: Node, name: string): string {
  return `${parent.nodeid}/${name}`;
}
