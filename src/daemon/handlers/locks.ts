/**
 * Record locks and flock.  SETLKW may be answered much later; an INTERRUPT of it ends the wait with EINTR.
 * Authority: fuse_setlk() in fs/fuse/file.c; F_* of include/uapi/asm-generic/fcntl.h.
 */
import { Errno } from '../../base/errno.js';
import { LkFlags } from '../../protocol/flags.js';
import { Opcode } from '../../protocol/opcode.js';
import type { LockRequest as WireLock } from '../../protocol/request-lock.js';
import { isFailure } from '../../store/failure.js';
import type { LockRequest } from '../../store/lock.js';
import { type HandlerContext, type Handlers, replyDone } from './handler.js';

const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;

/** undefined where the type is none of fcntl's. */
function lockOf({ lk, lk_flags, owner }: WireLock): LockRequest | undefined {
  const type = new Map([
    [F_RDLCK, 'read'],
    [F_WRLCK, 'write'],
    [F_UNLCK, 'unlock'],
  ] as const).get(lk.type as 0 | 1 | 2);
  if (type === undefined) return undefined;
  const flavor = (lk_flags & LkFlags.FUSE_LK_FLOCK) === 0 ? 'record' : 'flock';
  return { flavor, owner, pid: lk.pid, type, start: lk.start, end: lk.end };
}

function setLock(request: WireLock, context: HandlerContext): void {
  const lock = lockOf(request);
  const { unique } = request;
  if (lock === undefined) context.replies.error(unique, Errno.EINVAL);
  else if (request.opcode === Opcode.FUSE_SETLK) {
    replyDone(unique, context.store.setlk(request.nodeid, lock), context);
  } else waitForLock(request, lock, context);
}

function waitForLock({ unique, nodeid }: WireLock, lock: LockRequest, context: HandlerContext): void {
  const answer = context.store.setlkw(nodeid, lock, (result) => {
    context.lockWaits.delete(unique);
    replyDone(unique, result, context);
  });
  if (answer > 0) context.lockWaits.set(unique, answer);
  else replyDone(unique, answer, context);
}

export const lockHandlers: Handlers<
  | typeof Opcode.FUSE_GETLK
  | typeof Opcode.FUSE_SETLK
  | typeof Opcode.FUSE_SETLKW
  | typeof Opcode.FUSE_INTERRUPT
> = {
  [Opcode.FUSE_GETLK](request, { store, replies }) {
    const lock = lockOf(request);
    if (lock === undefined) return replies.error(request.unique, Errno.EINVAL);
    const conflict = store.getlk(request.nodeid, lock);
    if (isFailure(conflict)) return replies.error(request.unique, -conflict);
    if (conflict === undefined) return replies.lock(request.unique, { ...request.lk, type: F_UNLCK });
    const { type, start, end, pid } = conflict;
    replies.lock(request.unique, { start, end, pid, type: type === 'read' ? F_RDLCK : F_WRLCK });
  },
  [Opcode.FUSE_SETLK]: setLock,
  [Opcode.FUSE_SETLKW]: setLock,
  /** Only waits for locks are given up. A withheld request stays withheld: that is what this server is for. */
  [Opcode.FUSE_INTERRUPT](request, { store, replies, lockWaits }) {
    const ticket = lockWaits.get(request.interrupt_unique);
    if (ticket === undefined || !store.cancelLock(ticket)) return;
    lockWaits.delete(request.interrupt_unique);
    replies.error(request.interrupt_unique, Errno.EINTR);
  },
};
