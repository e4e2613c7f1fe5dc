/**
 * Open files and directories.  A directory is read whole at opendir and at each rewind: its cookies are places in that
 * list, so they stay good whatever becomes of the directory.
 */

import { nextNames } from '../../syscall/directory.js';
import { close, OpenFlag } from '../../syscall/file.js';
import { O_DIRECTORY, openBeneath } from '../../syscall/openat2.js';
import { fail, isFailure, type Result } from '../failure.js';
import { S_IFDIR } from '../mode.js';
import type { EntryVisitor, Handle } from '../store.js';
import type { Node } from './node.js';
import type { OpenNode, Tree } from './tree.js';

const DT_SHIFT = 12;
const DT_UNKNOWN = 0;
const DT_DIR = S_IFDIR >> DT_SHIFT;
const NR_DOTS = 2;

interface OpenFile {
  readonly node: Node;
  names: readonly string[];
  /** A rewind comes after this, the first reading before. */
  isReadFrom: boolean;
}

export class Handles {
  readonly #open = new Map<Handle, OpenFile>();
  #nextHandle = 1;

  constructor(private readonly tree: Tree) {}

  get nrOpen(): number {
    return this.#open.size;
  }

  open(node: Node): Handle {
    return this.#add({ node, names: [], isReadFrom: false });
  }

  opendir(directory: OpenNode): Result<Handle> {
    const names = readNames(directory.fd);
    return isFailure(names)
      ? names
      : this.#add({ node: directory.node, names: names as readonly string[], isReadFrom: false });
  }

  release(handle: Handle): Result<0> {
    const file = this.#open.get(handle);
    if (file === undefined) return fail('EBADF');
    this.#open.delete(handle);
    if (file.node.nrOpen === 1) this.tree.descriptors.closeData(file.node);
    this.tree.table.closed(file.node);
    return 0;
  }

  readdir(handle: Handle, cookie: number, visit: EntryVisitor): Result<0> {
    const file = this.#open.get(handle);
    if (file === undefined) return fail('EBADF');
    const { tree } = this;
    const directory = tree.directory(file.node.nodeid);
    if (isFailure(directory)) return directory;
    if (cookie === 0 && file.isReadFrom) {
      const names = readNames(directory.fd);
      if (isFailure(names)) return names;
      file.names = names as readonly string[];
    }
    file.isReadFrom = true;
    const { node, fd } = directory;
    const above = node.names.at(-1)?.parent ?? node;
    if (cookie < 1 && !visit('.', node.nodeid, DT_DIR, 1)) return 0;
    if (cookie < NR_DOTS && !visit('..', above.nodeid, DT_DIR, NR_DOTS)) return 0;
    for (let at = Math.max(0, cookie - NR_DOTS); at < file.names.length; at++) {
      const name = file.names[at] as string;
      const found = tree.descriptors.find(node, fd, name);
      // Gone since.
      if (found === fail('ENOENT')) continue;
      // What cannot be opened, as another mount, is listed all the same; a look-up says why.
      const [nodeid, type] = isFailure(found)
        ? [tree.table.spareId(), DT_UNKNOWN]
        : [found.node.nodeid, found.node.type >> DT_SHIFT];
      if (!visit(name, nodeid, type, at + NR_DOTS + 1)) return 0;
    }
    return 0;
  }

  #add(file: OpenFile): Handle {
    const handle = this.#nextHandle++;
    this.#open.set(handle, file);
    this.tree.table.opened(file.node);
    return handle;
  }
}

function readNames(directory: number): Result<readonly string[]> {
  const flags = OpenFlag.O_RDONLY | O_DIRECTORY | OpenFlag.O_CLOEXEC;
  const fd: Result<number> = openBeneath(directory, '.', flags);
  if (isFailure(fd)) return fd;
  const names: string[] = [];
  for (;;) {
    const more = nextNames(fd);
    if (typeof more === 'number' || more.length === 0) {
      close(fd);
      return isFailure(more) ? more : names;
    }
    for (const name of more) if (name !== '.' && name !== '..') names.push(name);
  }
}
