/**
 * The open files behind the nodes, bounded in number: an O_PATH descriptor for each node in use, and one for the data
 * of those that are read and written.  The least recently used ones are closed between operations; a closed node is
 * opened again by its name, one step below its directory, and must be the file that it was, else ESTALE.
 * Never closed while the node lives: the root, and what has no name to be opened by.
 */
import { close, OpenFlag } from '../../syscall/file.js';
import { reopen } from '../../syscall/file-data.js';
import { O_NOFOLLOW, O_PATH, openBeneath } from '../../syscall/openat2.js';
import { type Statx, statx } from '../../syscall/statx.js';
import { fail, isFailure, type Result } from '../failure.js';
import { S_IFDIR, S_IFMT, S_IFREG } from '../mode.js';
import type { Node } from './node.js';
import { type FileIdentity, isSameFile, type NodeTable } from './node-table.js';

const PATH_FLAGS = O_PATH | O_NOFOLLOW | OpenFlag.O_CLOEXEC;

export interface FoundFile {
  readonly node: Node;
  readonly stat: Statx;
}

export class Descriptors {
  /** The least recently used first. */
  readonly #paths = new Set<Node>();
  readonly #data = new Set<Node>();
  /** Opened for one operation on a file that nobody has open. */
  readonly #loose = new Set<Node>();

  /** @param max of each of the two kinds, between operations */
  constructor(
    private readonly table: NodeTable,
    private readonly max: number,
  ) {}

  /** An O_PATH descriptor of the node, to be used before the next operation. */
  pathOf(node: Node): Result<number> {
    if (node.pathFd >= 0) {
      this.#touch(node);
      return node.pathFd;
    }
    for (const { parent, name } of node.names) {
      const directory = this.pathOf(parent);
      if (isFailure(directory)) continue;
      const fd = openBeneath(directory, name, PATH_FLAGS);
      if (fd < 0) continue;
      const stat = statx(fd);
      if (typeof stat !== 'number' && isSameFile(node, identityOf(stat))) {
        node.pathFd = fd;
        this.#touch(node);
        return fd;
      }
      close(fd);
    }
    return fail('ESTALE');
  }

  /** Opens what lies under this name, without following it, and binds it. */
  find(parent: Node, directory: number, name: string): Result<FoundFile> {
    const fd = openBeneath(directory, name, PATH_FLAGS);
    return isFailure(fd) ? fd : this.keep(fd, parent, name);
  }

  /** Makes a node of an O_PATH descriptor, which it takes over. */
  keep(fd: number, parent?: Node, name?: string): Result<FoundFile> {
    const stat = statx(fd);
    if (isFailure(stat)) {
      close(fd);
      return stat;
    }
    const found = stat as Statx;
    const node = this.table.adopt(identityOf(found));
    if (node.pathFd < 0) node.pathFd = fd;
    else close(fd);
    if (parent !== undefined && name !== undefined) this.table.bind(node, parent, name);
    this.#touch(node);
    return { node, stat: found };
  }

  /** The O_PATH descriptor of a file that was opened otherwise; that one is closed. */
  keepPathOf(fd: number, parent?: Node, name?: string): Result<FoundFile> {
    const path = reopen(fd, O_PATH | OpenFlag.O_CLOEXEC);
    close(fd);
    return isFailure(path) ? path : this.keep(path, parent, name);
  }

  /** A descriptor for the bytes of a regular file, to be used before the next operation. */
  dataOf(node: Node, toWrite: boolean): Result<number> {
    if (node.type !== S_IFREG) return fail(node.type === S_IFDIR ? 'EISDIR' : 'EINVAL');
    if (node.dataFd >= 0 && (node.isDataFdWritable || !toWrite)) {
      this.#data.delete(node);
      this.#data.add(node);
      return node.dataFd;
    }
    const path = this.pathOf(node);
    if (isFailure(path)) return path;
    const fd = reopen(path, (toWrite ? OpenFlag.O_RDWR : OpenFlag.O_RDONLY) | OpenFlag.O_CLOEXEC);
    if (isFailure(fd)) return fd;
    this.closeData(node);
    node.dataFd = fd;
    node.isDataFdWritable = toWrite;
    this.#data.add(node);
    if (node.nrOpen === 0) this.#loose.add(node);
    return fd;
  }

  /** At the last release: a file that is open for writing keeps its filesystem from being remounted read-only. */
  closeData(node: Node): void {
    this.#data.delete(node);
    if (node.dataFd >= 0) close(node.dataFd);
    node.dataFd = -1;
  }

  /** The node is gone. */
  drop(node: Node): void {
    this.closeData(node);
    this.#paths.delete(node);
    if (node.pathFd >= 0) close(node.pathFd);
    node.pathFd = -1;
  }

  /** Between operations. */
  trim(): void {
    for (const node of this.#loose) if (node.nrOpen === 0) this.closeData(node);
    this.#loose.clear();
    for (const node of this.#data) {
      if (this.#data.size <= this.max) break;
      this.closeData(node);
    }
    for (const node of this.#paths) {
      if (this.#paths.size <= this.max) return;
      this.#paths.delete(node);
      if (node.names.length === 0) continue;
      close(node.pathFd);
      node.pathFd = -1;
    }
  }

  #touch(node: Node): void {
    if (node === this.table.root) return;
    this.#paths.delete(node);
    this.#paths.add(node);
  }
}

function identityOf({ identity, birth, mode }: Statx): FileIdentity {
  return { identity, birth, type: mode & S_IFMT };
}
