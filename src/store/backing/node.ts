/** A file of the backing directory that the mount knows: its node id, its names as far as known, who refers to it. */
import type { NodeId } from '../../base/branded.js';

/** A name by which a node was found. Somebody outside may have changed it since. */
export interface NodeName {
  readonly parent: Node;
  readonly name: string;
}

export class Node {
  /** O_PATH descriptor, or -1 while it is closed: descriptors.ts's. */
  pathFd = -1;
  /** Descriptor for its data, or -1. */
  dataFd = -1;
  isDataFdWritable = false;
  nlookup = 0;
  nrOpen = 0;
  /** How many names of other nodes lie in it. */
  nrChildren = 0;
  readonly names: NodeName[] = [];

  constructor(
    readonly nodeid: NodeId,
    /** Device and inode number. */
    readonly identity: string,
    /** Tells it from a later file with its inode number. */
    readonly birth: string,
    /** S_IFMT part of its mode; it never changes. */
    readonly type: number,
  ) {}

  /** Must stay known: by the kernel, by a handle, or as the way to another node. */
  get isReferenced(): boolean {
    return this.nlookup > 0 || this.nrOpen > 0 || this.nrChildren > 0;
  }
}
