/** What every operation on the backing directory begins with: the node, its descriptor, and for a directory that it lies below. */
import type { NodeId } from '../../base/branded.js';
import { type Failure, fail, isFailure, type Result } from '../failure.js';
import { S_IFDIR } from '../mode.js';
import type { Descriptors } from './descriptors.js';
import type { Health } from './health.js';
import type { Node } from './node.js';
import type { NodeTable } from './node-table.js';

/** Descriptors are good until the operation ends. */
export interface OpenNode {
  readonly node: Node;
  readonly fd: number;
}

export class Tree {
  constructor(
    readonly table: NodeTable,
    readonly descriptors: Descriptors,
    readonly health: Health,
  ) {}

  node(nodeid: NodeId): Result<Node> {
    return this.table.get(nodeid) ?? fail('ESTALE');
  }

  open(nodeid: NodeId): Result<OpenNode> {
    const node = this.node(nodeid);
    return isFailure(node) ? node : this.#opened(node);
  }

  /** A directory in which names may be looked up and changed. */
  directory(nodeid: NodeId): Result<OpenNode> {
    const opened = this.open(nodeid);
    if (isFailure(opened)) return opened;
    if (opened.node.type !== S_IFDIR) return fail('ENOTDIR');
    return this.#refuseOutside(opened) ?? opened;
  }

  #opened(node: Node): Result<OpenNode> {
    const fd = this.descriptors.pathOf(node);
    return isFailure(fd) ? fd : { node, fd };
  }

  #refuseOutside({ node, fd }: OpenNode): Failure | undefined {
    if (node === this.table.root) return undefined;
    const isBeneath = this.health.isBeneath(fd);
    if (isBeneath === true) return undefined;
    // The path of a deep directory cannot be had, but that of one above it can.
    const above = isBeneath === 'too deep' ? node.names.at(-1)?.parent : undefined;
    if (above === undefined) return fail('ESTALE');
    const opened = this.#opened(above);
    return isFailure(opened) ? opened : this.#refuseOutside(opened);
  }
}

/** A name that is one step below its directory. "." and ".." are no such names. */
export function isStep(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0');
}
