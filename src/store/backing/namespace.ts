/**
 * Names that come and go in the backing directory.  Each call is about one step below an open directory, never
 * about a path, so no symlink can be on the way.  What is made belongs to the caller, not to the daemon.
 */
import type { NodeId } from '../../base/branded.js';
import { changeMode, changeOwner } from '../../syscall/attributes.js';
import { close, OpenFlag } from '../../syscall/file.js';
import {
  linkDescriptor,
  mkdirat,
  mknodat,
  renameat2,
  rmdirat,
  symlinkat,
  unlinkat,
} from '../../syscall/names-at.js';
import { O_TMPFILE, openBeneath } from '../../syscall/openat2.js';
import { type Statx, statx } from '../../syscall/statx.js';
import { fail, isFailure, type Result } from '../failure.js';
import {
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  S_IALLUGO,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISGID,
} from '../mode.js';
import type { Attributes, Owner } from '../store.js';
import { attributesOf } from './attributes.js';
import type { FoundFile } from './descriptors.js';
import { isStep, type OpenNode, type Tree } from './tree.js';

const CREATE = OpenFlag.O_CREAT | OpenFlag.O_EXCL | OpenFlag.O_RDWR | OpenFlag.O_CLOEXEC;
const nodeTypes = [S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK];
/** Until it has its owner, a new file is nobody else's to open. */
const PRIVATE = 0o600;

export function lookup(tree: Tree, parent: NodeId, name: string): Result<Attributes> {
  const directory = tree.directory(parent);
  if (isFailure(directory)) return directory;
  if (name === '.') return statOf(directory);
  if (name === '..') return statOfParent(tree, directory);
  if (!isStep(name)) return fail('EINVAL');
  const found = tree.descriptors.find(directory.node, directory.fd, name);
  if (found === fail('ENOENT')) tree.table.unbind(directory.node, name);
  return isFailure(found) ? found : attributesOf(found.node, found.stat);
}

export function mknod(
  tree: Tree,
  parent: NodeId,
  name: string,
  mode: number,
  rdev: number,
  owner: Owner,
): Result<Attributes> {
  const type = (mode & S_IFMT) === 0 ? S_IFREG : mode & S_IFMT;
  const directory = roomFor(tree, parent, name);
  if (isFailure(directory)) return directory;
  if (!nodeTypes.includes(type)) return fail('EINVAL');
  if (type !== S_IFREG) {
    const make = () => mknodat(directory.fd, name, type | PRIVATE, rdev);
    return create(tree, directory, name, { type, mode, owner, make });
  }
  // Opened as it is made: it cannot be another file by now.
  const fd: Result<number> = openBeneath(directory.fd, name, CREATE, PRIVATE);
  if (isFailure(fd)) return fd;
  const given = giveAway(fd, statx(directory.fd), { type, mode, owner });
  if (isFailure(given)) {
    close(fd);
    unlinkat(directory.fd, name);
    return given;
  }
  return attributesNow(tree.descriptors.keepPathOf(fd, directory.node, name));
}

export function mkdir(
  tree: Tree,
  parent: NodeId,
  name: string,
  mode: number,
  owner: Owner,
): Result<Attributes> {
  const directory = roomFor(tree, parent, name);
  if (isFailure(directory)) return directory;
  const make = () => mkdirat(directory.fd, name, 0o700);
  return create(tree, directory, name, { type: S_IFDIR, mode, owner, make });
}

export function symlink(
  tree: Tree,
  parent: NodeId,
  name: string,
  target: string,
  owner: Owner,
): Result<Attributes> {
  const directory = roomFor(tree, parent, name);
  if (isFailure(directory)) return directory;
  const make = () => symlinkat(target, directory.fd, name);
  return create(tree, directory, name, { type: S_IFLNK, mode: 0o777, owner, make });
}

export function tmpfile(tree: Tree, parent: NodeId, mode: number, owner: Owner): Result<Attributes> {
  const directory = tree.directory(parent);
  if (isFailure(directory)) return directory;
  const parentStat = statx(directory.fd);
  // Filesystems answer what they like in a removed directory.
  if (typeof parentStat !== 'number' && parentStat.nlink === 0) return fail('ENOENT');
  const flags = O_TMPFILE | OpenFlag.O_RDWR | OpenFlag.O_CLOEXEC;
  const fd: Result<number> = openBeneath(directory.fd, '.', flags, PRIVATE);
  if (isFailure(fd)) return fd;
  const given = giveAway(fd, parentStat, { type: S_IFREG, mode, owner });
  if (isFailure(given)) {
    close(fd);
    return given;
  }
  return attributesNow(tree.descriptors.keepPathOf(fd));
}

export function link(tree: Tree, nodeid: NodeId, newParent: NodeId, newName: string): Result<Attributes> {
  const opened = tree.open(nodeid);
  if (isFailure(opened)) return opened;
  const directory = roomFor(tree, newParent, newName);
  if (isFailure(directory)) return directory;
  if (opened.node.type === S_IFDIR) return fail('EPERM');
  const linked: Result<number> = linkDescriptor(opened.fd, directory.fd, newName);
  if (isFailure(linked)) return linked;
  tree.table.bind(opened.node, directory.node, newName);
  return statOf(opened);
}

export function unlink(tree: Tree, parent: NodeId, name: string): Result<0> {
  return remove(tree, parent, name, unlinkat);
}

export function rmdir(tree: Tree, parent: NodeId, name: string): Result<0> {
  if (name === '.') return fail('EINVAL');
  if (name === '..') return fail('ENOTEMPTY');
  return remove(tree, parent, name, rmdirat);
}

export function rename(
  tree: Tree,
  parent: NodeId,
  name: string,
  newParent: NodeId,
  newName: string,
  flags: number,
): Result<0> {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) !== 0) return fail('EINVAL');
  const from = tree.directory(parent);
  if (isFailure(from)) return from;
  const to = tree.directory(newParent);
  if (isFailure(to)) return to;
  if (!isStep(name) || !isStep(newName)) return fail('EINVAL');
  const { table } = tree;
  keepOpen(tree, to, newName);
  const renamed: Result<number> = renameat2(from.fd, name, to.fd, newName, flags);
  if (isFailure(renamed)) return renamed;
  const source = table.find(from.node, name);
  const target = table.find(to.node, newName);
  // Two names of one file: nothing has happened (rename(2)).
  if (source !== undefined && source === target) return 0;
  table.unbind(to.node, newName, flags === RENAME_EXCHANGE ? target : undefined);
  table.unbind(from.node, name, source);
  if (source !== undefined) table.bind(source, to.node, newName);
  if (target !== undefined && flags === RENAME_EXCHANGE) table.bind(target, from.node, name);
  return 0;
}

/** ".." of the root, and of a directory whose own is not known, is itself. */
function statOfParent(tree: Tree, directory: OpenNode): Result<Attributes> {
  const above = directory.node.names.at(-1)?.parent;
  if (above === undefined) return statOf(directory);
  const opened = tree.open(above.nodeid);
  return isFailure(opened) ? opened : statOf(opened);
}

/** The directory, if a new entry of that name can be in it. */
function roomFor(tree: Tree, parent: NodeId, name: string): Result<OpenNode> {
  const directory = tree.directory(parent);
  if (isFailure(directory) || isStep(name)) return directory;
  return fail(name === '.' || name === '..' ? 'EEXIST' : 'EINVAL');
}

function remove(
  tree: Tree,
  parent: NodeId,
  name: string,
  call: (dirFd: number, name: string) => number,
): Result<0> {
  const directory = tree.directory(parent);
  if (isFailure(directory)) return directory;
  if (!isStep(name)) return fail('EINVAL');
  keepOpen(tree, directory, name);
  const removed: Result<number> = call(directory.fd, name);
  if (isFailure(removed)) return removed;
  tree.table.unbind(directory.node, name);
  return 0;
}

/** What is about to lose its name and is still referred to can be opened by it no more: it must be open before. */
function keepOpen(tree: Tree, directory: OpenNode, name: string): void {
  const node = tree.table.find(directory.node, name);
  if (node?.isReferenced === true) tree.descriptors.pathOf(node);
}

interface NewFile {
  readonly type: number;
  readonly mode: number;
  readonly owner: Owner;
}

/** For what has no call that makes and opens it at once. */
function create(
  tree: Tree,
  directory: OpenNode,
  name: string,
  file: NewFile & { readonly make: () => number },
): Result<Attributes> {
  const made: Result<number> = file.make();
  if (isFailure(made)) return made;
  const found = tree.descriptors.find(directory.node, directory.fd, name);
  if (isFailure(found)) return found;
  // Somebody outside may have put another file in its place, and is not to be made its owner.
  if (!isFresh(found.stat, file)) return fail('ESTALE');
  const given = giveAway(found.node.pathFd, statx(directory.fd), file);
  if (!isFailure(given)) return attributesNow(found);
  (file.type === S_IFDIR ? rmdirat : unlinkat)(directory.fd, name);
  tree.table.unbind(directory.node, name);
  return given;
}

function isFresh(stat: Statx, { type }: NewFile): boolean {
  const nlink = type === S_IFDIR ? stat.nlink <= 2 : stat.nlink === 1;
  return (stat.mode & S_IFMT) === type && stat.uid === process.geteuid?.() && nlink;
}

/** inode_init_owner() in fs/inode.c: a set-group-ID directory hands its group down, and the bit to directories. */
function giveAway(fd: number, parent: Statx | number, { type, mode, owner }: NewFile): Result<number> {
  if (typeof parent === 'number') return parent as Result<number>;
  const handsDown = (parent.mode & S_ISGID) !== 0;
  const stat = statx(fd);
  if (isFailure(stat)) return stat;
  const now = stat as Statx;
  const gid = handsDown ? parent.gid : owner.gid;
  if (now.uid !== owner.uid || now.gid !== gid) {
    const owned: Result<number> = changeOwner(fd, owner.uid, gid);
    if (isFailure(owned)) return owned;
  }
  if (type === S_IFLNK) return 0;
  const wanted = (mode & S_IALLUGO) | (handsDown && type === S_IFDIR ? S_ISGID : 0);
  return (now.mode & S_IALLUGO) === wanted ? 0 : changeMode(fd, wanted);
}

function attributesNow(found: Result<FoundFile>): Result<Attributes> {
  return isFailure(found) ? found : statOf({ node: found.node, fd: found.node.pathFd });
}

function statOf({ node, fd }: OpenNode): Result<Attributes> {
  const stat = statx(fd);
  return isFailure(stat) ? stat : attributesOf(node, stat as Statx);
}
