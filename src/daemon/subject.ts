/**
 * What a fault sees of each request: its path (of the entry that is named, where one is), and the bytes of the
 * file that it is about.
 */
import type { Subject } from '../fault/subject.js';
import { displayName } from '../protocol/name.js';
import { Opcode } from '../protocol/opcode.js';
import type { Request } from '../protocol/request.js';

type PathOf = (nodeid: number) => string | undefined;

/**
 * @param arrivedMs monotonic
 * @param pathOf path inside the mount of an inode, undefined once it has no name
 */
export function subjectOf(request: Request, arrivedMs: number, pathOf: PathOf): Subject {
  const { opcode, unique, nodeid, pid } = request;
  return {
    opcode,
    unique,
    nodeid,
    pid,
    arrivedMs,
    ...bytesOf(request),
    path: () => pathOfRequest(request, pathOf),
  };
}

function bytesOf(request: Request): { offset: number | undefined; size: number | undefined } {
  switch (request.opcode) {
    case Opcode.FUSE_READ:
    case Opcode.FUSE_WRITE:
      return { offset: request.offset, size: request.size };
    case Opcode.FUSE_FALLOCATE:
      return { offset: request.offset, size: request.length };
    case Opcode.FUSE_LSEEK:
      return { offset: request.offset, size: 0 };
    case Opcode.FUSE_COPY_FILE_RANGE:
    case Opcode.FUSE_COPY_FILE_RANGE_64:
      return { offset: request.off_in, size: Number(request.len) };
    default:
      return { offset: undefined, size: undefined };
  }
}

function pathOfRequest(request: Request, pathOf: PathOf): string | undefined {
  const path = pathOf(request.nodeid);
  const name = entryName(request);
  if (path === undefined || name === undefined) return path;
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

/** The entry in the directory `nodeid`, where the opcode names one. */
function entryName(request: Request): string | undefined {
  switch (request.opcode) {
    case Opcode.FUSE_LOOKUP:
    case Opcode.FUSE_UNLINK:
    case Opcode.FUSE_RMDIR:
    case Opcode.FUSE_MKNOD:
    case Opcode.FUSE_MKDIR:
    case Opcode.FUSE_SYMLINK:
    case Opcode.FUSE_CREATE:
      return displayName(request.name);
    case Opcode.FUSE_LINK:
      return displayName(request.newname);
    case Opcode.FUSE_RENAME:
    case Opcode.FUSE_RENAME2:
      return displayName(request.oldname);
    default:
      return undefined;
  }
}
