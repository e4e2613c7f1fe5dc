/** Opcodes about names in directories: from LOOKUP to RENAME2. */
import { Errno } from '../../base/errno.js';
import type { ByteName } from '../../protocol/name.js';
import { Opcode } from '../../protocol/opcode.js';
import type { RenameRequest } from '../../protocol/request-entry.js';
import { isFailure } from '../../store/failure.js';
import { type HandlerContext, type Handlers, replyDone, replyEntry } from './handler.js';

function rename(request: RenameRequest, context: HandlerContext): void {
  const { nodeid, oldname, newdir, newname, flags } = request;
  replyDone(request.unique, context.store.rename(nodeid, oldname, newdir, newname, flags), context);
}

export const nameHandlers: Handlers<
  | typeof Opcode.FUSE_LOOKUP
  | typeof Opcode.FUSE_MKNOD
  | typeof Opcode.FUSE_MKDIR
  | typeof Opcode.FUSE_SYMLINK
  | typeof Opcode.FUSE_READLINK
  | typeof Opcode.FUSE_LINK
  | typeof Opcode.FUSE_UNLINK
  | typeof Opcode.FUSE_RMDIR
  | typeof Opcode.FUSE_RENAME
  | typeof Opcode.FUSE_RENAME2
> = {
  [Opcode.FUSE_LOOKUP](request, context) {
    const found = context.store.lookup(request.nodeid, request.name);
    const { entry_valid, entry_valid_nsec } = context.validity;
    if (found === -Errno.ENOENT && entry_valid + entry_valid_nsec > 0) {
      context.replies.negativeEntry(request.unique, entry_valid, entry_valid_nsec);
    } else replyEntry(request.unique, found, context);
  },
  [Opcode.FUSE_MKNOD](request, context) {
    const { nodeid, name, mode, rdev } = request;
    replyEntry(request.unique, context.store.mknod(nodeid, name, mode, rdev, request), context);
  },
  [Opcode.FUSE_MKDIR](request, context) {
    replyEntry(
      request.unique,
      context.store.mkdir(request.nodeid, request.name, request.mode, request),
      context,
    );
  },
  [Opcode.FUSE_SYMLINK](request, context) {
    replyEntry(
      request.unique,
      context.store.symlink(request.nodeid, request.name, request.target, request),
      context,
    );
  },
  [Opcode.FUSE_READLINK](request, { store, replies }) {
    const target = store.readlink(request.nodeid);
    if (isFailure(target)) replies.error(request.unique, -target);
    else replies.data(request.unique, Buffer.from(target as ByteName, 'latin1'));
  },
  [Opcode.FUSE_LINK](request, context) {
    const { oldnodeid, nodeid, newname } = request;
    replyEntry(request.unique, context.store.link(oldnodeid, nodeid, newname), context);
  },
  [Opcode.FUSE_UNLINK](request, context) {
    replyDone(request.unique, context.store.unlink(request.nodeid, request.name), context);
  },
  [Opcode.FUSE_RMDIR](request, context) {
    replyDone(request.unique, context.store.rmdir(request.nodeid, request.name), context);
  },
  [Opcode.FUSE_RENAME]: rename,
  [Opcode.FUSE_RENAME2]: rename,
};
