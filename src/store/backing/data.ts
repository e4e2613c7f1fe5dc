/** The bytes of files in the backing directory. Each call goes to the file itself and may wait for its disk. */
import type { NodeId } from '../../base/branded.js';
import { close, OpenFlag } from '../../syscall/file.js';
import { copyFileRange, fallocate, fdatasync, fsync, lseek, pread, pwrite } from '../../syscall/file-data.js';
import { O_DIRECTORY, openBeneath } from '../../syscall/openat2.js';
import { fail, isFailure, type Result } from '../failure.js';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  S_IFDIR,
  SEEK_DATA,
  SEEK_HOLE,
} from '../mode.js';
import { dropPrivileges, MAX_FILE_BYTES } from './attributes.js';
import type { Tree } from './tree.js';

/** A copy is answered in parts, so that it does not keep everybody else waiting. */
const MAX_COPY_BYTES = 64 * 2 ** 20;

export function readFile(
  tree: Tree,
  nodeid: NodeId,
  offset: number,
  size: number,
  into: Buffer,
): Result<number> {
  const fd = dataOf(tree, nodeid, false);
  if (isFailure(fd)) return fd;
  if (offset > MAX_FILE_BYTES) return 0;
  let got = 0;
  while (got < size) {
    const more: Result<number> = pread(fd, into.subarray(got), size - got, offset + got);
    if (isFailure(more)) return got > 0 ? got : more;
    if (more === 0) break;
    got += more;
  }
  return got;
}

export function writeFile(
  tree: Tree,
  nodeid: NodeId,
  offset: number,
  data: Buffer,
  killPriv: boolean,
): Result<number> {
  const fd = dataOf(tree, nodeid, true);
  if (isFailure(fd)) return fd;
  if (data.length === 0) return 0;
  if (offset + data.length > MAX_FILE_BYTES) return fail('EFBIG');
  if (killPriv) {
    const opened = tree.open(nodeid);
    const dropped = isFailure(opened) ? opened : dropPrivileges(opened);
    if (isFailure(dropped)) return dropped;
  }
  let written = 0;
  while (written < data.length) {
    const more: Result<number> = pwrite(fd, data.subarray(written), offset + written);
    if (isFailure(more)) return written > 0 ? written : more;
    written += more;
  }
  return written;
}

/** The modes that the memory store has; which of them the filesystem below has is its to say. */
export function allocateFile(
  tree: Tree,
  nodeid: NodeId,
  mode: number,
  offset: number,
  length: number,
): Result<0> {
  const fd = dataOf(tree, nodeid, true);
  if (isFailure(fd)) return fd;
  if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) !== 0) {
    return fail('EOPNOTSUPP');
  }
  if (offset + length > MAX_FILE_BYTES) return fail('EFBIG');
  const done: Result<number> = fallocate(fd, mode, offset, length);
  return isFailure(done) ? done : 0;
}

export function seekFile(tree: Tree, nodeid: NodeId, offset: number, whence: number): Result<number> {
  const fd = dataOf(tree, nodeid, false);
  if (isFailure(fd)) return fd;
  if (whence !== SEEK_DATA && whence !== SEEK_HOLE) return fail('EINVAL');
  return offset > MAX_FILE_BYTES ? fail('ENXIO') : (lseek(fd, offset, whence) as Result<number>);
}

export function copyFile(
  tree: Tree,
  source: NodeId,
  from: number,
  target: NodeId,
  to: number,
  length: number,
): Result<number> {
  const toFd = dataOf(tree, target, true);
  if (isFailure(toFd)) return toFd;
  const fd = dataOf(tree, source, false);
  if (isFailure(fd)) return fd;
  if (from < 0 || to < 0 || length < 0) return fail('EINVAL');
  if (to + length > MAX_FILE_BYTES) return fail('EFBIG');
  return copyFileRange(fd, from, toFd, to, Math.min(length, MAX_COPY_BYTES)) as Result<number>;
}

export function syncFile(tree: Tree, nodeid: NodeId, dataOnly: boolean): Result<0> {
  const opened = tree.open(nodeid);
  if (isFailure(opened)) return opened;
  const isDirectory = opened.node.type === S_IFDIR;
  const flags = OpenFlag.O_RDONLY | O_DIRECTORY | OpenFlag.O_CLOEXEC;
  const fd: Result<number> = isDirectory
    ? openBeneath(opened.fd, '.', flags)
    : tree.descriptors.dataOf(opened.node, false);
  if (isFailure(fd)) return fd;
  const synced: Result<number> = (dataOnly ? fdatasync : fsync)(fd);
  if (isDirectory) close(fd);
  return isFailure(synced) ? synced : 0;
}

function dataOf(tree: Tree, nodeid: NodeId, toWrite: boolean): Result<number> {
  const node = tree.node(nodeid);
  return isFailure(node) ? node : tree.descriptors.dataOf(node, toWrite);
}
