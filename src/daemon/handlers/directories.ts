/** OPENDIR to RELEASEDIR. */
import { DirentBuilder } from '../../protocol/dirent.js';
import type { ByteName } from '../../protocol/name.js';
import { Opcode } from '../../protocol/opcode.js';
import { isFailure } from '../../store/failure.js';
import { syncFile } from './files.js';
import { type Handlers, replyDone, toEntryOut } from './handler.js';

export const directoryHandlers: Handlers<
  | typeof Opcode.FUSE_OPENDIR
  | typeof Opcode.FUSE_READDIR
  | typeof Opcode.FUSE_READDIRPLUS
  | typeof Opcode.FUSE_RELEASEDIR
  | typeof Opcode.FUSE_FSYNCDIR
> = {
  [Opcode.FUSE_OPENDIR](request, { store, replies }) {
    const handle = store.opendir(request.nodeid);
    if (isFailure(handle)) replies.error(request.unique, -handle);
    else replies.open(request.unique, { fh: BigInt(handle), open_flags: 0, backing_id: 0 });
  },
  [Opcode.FUSE_READDIR](request, { store, replies }) {
    const entries = new DirentBuilder(request.size);
    const done = store.readdir(Number(request.fh), request.offset, (name, nodeid, type, cookie) =>
      entries.add({ ino: nodeid, off: cookie, type, name: name as ByteName }),
    );
    if (isFailure(done)) replies.error(request.unique, -done);
    else replies.directory(request.unique, entries);
  },
  [Opcode.FUSE_READDIRPLUS](request, { store, replies, validity }) {
    const entries = new DirentBuilder(request.size);
    const done = store.readdir(Number(request.fh), request.offset, (name, nodeid, type, cookie) => {
      const dirent = { ino: nodeid, off: cookie, type, name: name as ByteName };
      // The kernel knows the directory and its parent already: it takes no reference on these two.
      const found = name === '.' || name === '..' ? undefined : store.getattr(nodeid);
      const attributes = isFailure(found) ? undefined : found;
      const entry = attributes === undefined ? undefined : toEntryOut(attributes, validity);
      const added = entries.addPlus(entry, dirent);
      if (added && entry !== undefined) store.remember(nodeid);
      return added;
    });
    if (isFailure(done)) replies.error(request.unique, -done);
    else replies.directory(request.unique, entries);
  },
  [Opcode.FUSE_RELEASEDIR](request, context) {
    replyDone(request.unique, context.store.release(Number(request.fh)), context);
  },
  [Opcode.FUSE_FSYNCDIR](request, context) {
    replyDone(request.unique, syncFile(request, context.store), context);
  },
};
