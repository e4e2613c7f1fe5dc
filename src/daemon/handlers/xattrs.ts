/** Extended attributes: a size of 0 asks how much room is needed (fuse_getxattr() in fs/fuse/xattr.c). */
import type { Unique } from '../../base/branded.js';
import { Errno } from '../../base/errno.js';
import { Opcode } from '../../protocol/opcode.js';
import { isFailure } from '../../store/failure.js';
import type { Replies } from '../../transport/replies.js';
import { type Handlers, replyDone } from './handler.js';

function replySized(unique: Unique, value: Uint8Array, roomBytes: number, replies: Replies): void {
  if (roomBytes === 0) replies.xattrSize(unique, value.length);
  else if (value.length > roomBytes) replies.error(unique, Errno.ERANGE);
  else replies.data(unique, value);
}

export const xattrHandlers: Handlers<
  | typeof Opcode.FUSE_SETXATTR
  | typeof Opcode.FUSE_GETXATTR
  | typeof Opcode.FUSE_LISTXATTR
  | typeof Opcode.FUSE_REMOVEXATTR
> = {
  [Opcode.FUSE_SETXATTR](request, context) {
    const { unique, nodeid, name, value, flags } = request;
    replyDone(unique, context.store.setxattr(nodeid, name, value, flags), context);
  },
  [Opcode.FUSE_GETXATTR](request, { store, replies }) {
    const value = store.getxattr(request.nodeid, request.name);
    if (isFailure(value)) replies.error(request.unique, -value);
    else replySized(request.unique, value, request.size, replies);
  },
  [Opcode.FUSE_LISTXATTR](request, { store, replies }) {
    const names = store.listxattr(request.nodeid);
    if (isFailure(names)) return replies.error(request.unique, -names);
    const list = Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
    replySized(request.unique, list, request.size, replies);
  },
  [Opcode.FUSE_REMOVEXATTR](request, context) {
    replyDone(request.unique, context.store.removexattr(request.nodeid, request.name), context);
  },
};
