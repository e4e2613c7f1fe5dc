/** Opcodes about the data of files: OPEN to RELEASE, CREATE, and what moves bytes. */
import { Errno } from '../../base/errno.js';
import { FsyncFlags, OpenFlags, ReleaseFlags, WriteFlags } from '../../protocol/flags.js';
import { Opcode } from '../../protocol/opcode.js';
import type {
  CopyFileRangeRequest,
  FsyncRequest,
  ReleaseRequest,
  WriteRequest,
} from '../../protocol/request-io.js';
import { isFailure, type Result } from '../../store/failure.js';
import { S_IFREG } from '../../store/mode.js';
import type { Attributes, Store } from '../../store/store.js';
import { OpenFlag } from '../../syscall/file.js';
import { type HandlerContext, type Handlers, replyDone, toEntryOut } from './handler.js';

/** Bytes written, or a failure. Copies the data out of the request. */
export function applyWrite(request: WriteRequest, store: Store): Result<number> {
  const killPriv = (request.write_flags & WriteFlags.FUSE_WRITE_KILL_SUIDGID) !== 0;
  return store.write(request.nodeid, request.offset, request.data, killPriv);
}

/** The kernel lets go of the handle whatever it is answered. */
export function releaseFile(request: ReleaseRequest, store: Store): Result<0> {
  if ((request.release_flags & ReleaseFlags.FUSE_RELEASE_FLOCK_UNLOCK) !== 0) {
    store.releaseFlock(request.nodeid, request.lock_owner);
  }
  return store.release(Number(request.fh));
}

/** O_TRUNC reaches the server with OPEN and CREATE (FUSE_ATOMIC_O_TRUNC). */
function truncateIfAsked(
  nodeid: Attributes['nodeid'],
  flags: number,
  openFlags: number,
  store: Store,
): Result<Attributes> | undefined {
  if ((flags & OpenFlag.O_TRUNC) === 0) return undefined;
  return store.setattr(nodeid, { size: 0, killPriv: (openFlags & OpenFlags.FUSE_OPEN_KILL_SUIDGID) !== 0 });
}

/** Opens a file that was just made or found, and answers with its entry and handle. */
function replyCreated(
  unique: CopyFileRangeRequest['unique'],
  made: Result<Attributes>,
  { store, replies, validity, openFlags }: HandlerContext,
): void {
  const handle = isFailure(made) ? made : store.open(made.nodeid);
  if (isFailure(made) || isFailure(handle)) {
    replies.error(unique, isFailure(made) ? -made : -handle);
    return;
  }
  store.remember(made.nodeid);
  replies.create(unique, toEntryOut(made, validity), {
    fh: BigInt(handle),
    open_flags: openFlags,
    backing_id: 0,
  });
}

/** MAX_RW_COUNT of include/linux/fs.h: what one read(2) or write(2) moves at most. */
const maxCopyBytes = 0x7fff_f000n;

/** A copy may be short: the caller goes on from there.  The old opcode's reply has a u32 for what was copied. */
function copyFileRange(request: CopyFileRangeRequest, store: Store): Result<number> {
  const { nodeid, off_in, nodeid_out, off_out, len } = request;
  const length = Number(len > maxCopyBytes ? maxCopyBytes : len);
  return store.copyFileRange(nodeid, off_in, nodeid_out, off_out, length);
}

/** FSYNC and FSYNCDIR. */
export function syncFile({ nodeid, fsync_flags }: FsyncRequest, store: Store): Result<0> {
  return store.fsync(nodeid, (fsync_flags & FsyncFlags.FUSE_FSYNC_FDATASYNC) !== 0);
}

export const fileHandlers: Handlers<
  | typeof Opcode.FUSE_OPEN
  | typeof Opcode.FUSE_CREATE
  | typeof Opcode.FUSE_TMPFILE
  | typeof Opcode.FUSE_READ
  | typeof Opcode.FUSE_WRITE
  | typeof Opcode.FUSE_FLUSH
  | typeof Opcode.FUSE_RELEASE
  | typeof Opcode.FUSE_FSYNC
  | typeof Opcode.FUSE_FALLOCATE
  | typeof Opcode.FUSE_LSEEK
  | typeof Opcode.FUSE_COPY_FILE_RANGE
  | typeof Opcode.FUSE_COPY_FILE_RANGE_64
> = {
  [Opcode.FUSE_OPEN](request, { store, replies, openFlags }) {
    const truncated = truncateIfAsked(request.nodeid, request.flags, request.open_flags, store);
    if (isFailure(truncated)) return replies.error(request.unique, -truncated);
    const handle = store.open(request.nodeid);
    if (isFailure(handle)) return replies.error(request.unique, -handle);
    replies.open(request.unique, { fh: BigInt(handle), open_flags: openFlags, backing_id: 0 });
  },
  [Opcode.FUSE_CREATE](request, context) {
    const { store } = context;
    const { unique, nodeid, name, mode, flags } = request;
    let made = store.mknod(nodeid, name, S_IFREG | mode, 0, request);
    // Somebody made it between the kernel's LOOKUP and this.
    if (made === -Errno.EEXIST && (flags & OpenFlag.O_EXCL) === 0) {
      made = store.lookup(nodeid, name);
      if (!isFailure(made)) made = truncateIfAsked(made.nodeid, flags, request.open_flags, store) ?? made;
    }
    replyCreated(unique, made, context);
  },
  [Opcode.FUSE_TMPFILE](request, context) {
    replyCreated(
      request.unique,
      context.store.tmpfile(request.nodeid, S_IFREG | request.mode, request),
      context,
    );
  },
  [Opcode.FUSE_READ](request, { store, replies }) {
    const { unique, nodeid, offset, size } = request;
    const got = store.read(nodeid, offset, size, replies.readInto(size));
    if (isFailure(got)) replies.error(unique, -got);
    else replies.sendRead(unique, got);
  },
  [Opcode.FUSE_WRITE](request, { store, replies }) {
    const written = applyWrite(request, store);
    if (isFailure(written)) replies.error(request.unique, -written);
    else replies.write(request.unique, written);
  },
  [Opcode.FUSE_FLUSH](request, context) {
    // close(2) of any descriptor drops the process's record locks (locks_remove_posix() in fs/locks.c).
    context.store.releaseRecordLocks(request.nodeid, request.lock_owner);
    context.replies.empty(request.unique);
  },
  [Opcode.FUSE_RELEASE](request, context) {
    replyDone(request.unique, releaseFile(request, context.store), context);
  },
  [Opcode.FUSE_FSYNC](request, context) {
    replyDone(request.unique, syncFile(request, context.store), context);
  },
  [Opcode.FUSE_FALLOCATE](request, context) {
    const { unique, nodeid, mode, offset, length } = request;
    replyDone(unique, context.store.fallocate(nodeid, mode, offset, length), context);
  },
  [Opcode.FUSE_LSEEK](request, { store, replies }) {
    const found = store.lseek(request.nodeid, request.offset, request.whence);
    if (isFailure(found)) replies.error(request.unique, -found);
    else replies.lseek(request.unique, found);
  },
  [Opcode.FUSE_COPY_FILE_RANGE](request, { store, replies }) {
    const copied = copyFileRange(request, store);
    if (isFailure(copied)) replies.error(request.unique, -copied);
    else replies.write(request.unique, copied);
  },
  [Opcode.FUSE_COPY_FILE_RANGE_64](request, { store, replies }) {
    const copied = copyFileRange(request, store);
    if (isFailure(copied)) replies.error(request.unique, -copied);
    else replies.copyFileRange64(request.unique, copied);
  },
};
