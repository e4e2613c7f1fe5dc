/** GETATTR, SETATTR and STATFS. */
import { Fattr } from '../../protocol/flags.js';
import { Opcode } from '../../protocol/opcode.js';
import type { SetattrRequest } from '../../protocol/request-attr.js';
import { isFailure, type Result } from '../../store/failure.js';
import type { AttributeChange, Attributes, Timestamp } from '../../store/store.js';
import { type HandlerContext, type Handlers, toAttrOut } from './handler.js';

function replyAttr(
  unique: SetattrRequest['unique'],
  found: Result<Attributes>,
  context: HandlerContext,
): void {
  if (isFailure(found)) context.replies.error(unique, -found);
  else context.replies.attr(unique, toAttrOut(found, context.validity));
}

function changeOf(request: SetattrRequest): AttributeChange {
  const has = (flag: number) => (request.valid & flag) !== 0;
  const time = (given: number, now: number, sec: number, nsec: number): Timestamp | 'now' | undefined => {
    if (has(now)) return 'now';
    return has(given) ? { sec, nsec } : undefined;
  };
  return {
    mode: has(Fattr.FATTR_MODE) ? request.mode : undefined,
    uid: has(Fattr.FATTR_UID) ? request.attr_uid : undefined,
    gid: has(Fattr.FATTR_GID) ? request.attr_gid : undefined,
    size: has(Fattr.FATTR_SIZE) ? request.size : undefined,
    atime: time(Fattr.FATTR_ATIME, Fattr.FATTR_ATIME_NOW, request.atime, request.atimensec),
    mtime: time(Fattr.FATTR_MTIME, Fattr.FATTR_MTIME_NOW, request.mtime, request.mtimensec),
    // With the writeback cache the kernel keeps ctime, and says so here.
    ctime: has(Fattr.FATTR_CTIME) ? { sec: request.ctime, nsec: request.ctimensec } : undefined,
    killPriv: has(Fattr.FATTR_KILL_SUIDGID),
  };
}

export const attributeHandlers: Handlers<
  typeof Opcode.FUSE_GETATTR | typeof Opcode.FUSE_SETATTR | typeof Opcode.FUSE_STATFS
> = {
  [Opcode.FUSE_GETATTR](request, context) {
    replyAttr(request.unique, context.store.getattr(request.nodeid), context);
  },
  [Opcode.FUSE_SETATTR](request, context) {
    replyAttr(request.unique, context.store.setattr(request.nodeid, changeOf(request)), context);
  },
  [Opcode.FUSE_STATFS](request, { store, replies }) {
    const status = store.statfs();
    if (isFailure(status)) return replies.error(request.unique, -status);
    replies.statfs(request.unique, {
      blocks: status.blocks,
      bfree: status.blocksFree,
      bavail: status.blocksFree,
      files: status.files,
      ffree: status.filesFree,
      bsize: status.blockSize,
      frsize: status.blockSize,
      namelen: status.nameMax,
    });
  },
};
