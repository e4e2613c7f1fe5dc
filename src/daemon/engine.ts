/**
 * The serving thread's centre: each request is answered, or withheld as the faults decide; what is withheld is
 * released on command or at its time.  It does not know the transport nor how replies are encoded.
 */

import type { Unique } from '../base/branded.js';
import { Errno, errnoName } from '../base/errno.js';
import type { FaultTable } from '../fault/table.js';
import { Opcode, opcodeName } from '../protocol/opcode.js';
import { decodeRequest, type Request } from '../protocol/request.js';
import type { RequestHandler } from '../transport/transport.js';
import type { SharedState } from './commands.js';
import type { Dispatch } from './dispatch.js';
import { subjectOf } from './subject.js';
import { type Withheld, WithheldRequests } from './withheld.js';

export interface EngineOptions {
  readonly dispatch: Dispatch;
  readonly faults: FaultTable;
  readonly shared: SharedState;
  /** Takes commands that wait. */
  readonly takeCommands: () => void;
  readonly log: (level: 'warn' | 'error' | 'debug', text: string) => void;
}

/** Neither can be withheld: they make or end the connection, or have no reply. */
const neverWithheld: ReadonlySet<number> = new Set([
  Opcode.FUSE_INIT,
  Opcode.FUSE_DESTROY,
  Opcode.FUSE_FORGET,
  Opcode.FUSE_BATCH_FORGET,
  Opcode.FUSE_INTERRUPT,
  Opcode.FUSE_NOTIFY_REPLY,
]);

interface Answerable {
  readonly opcode: number;
  readonly unique: Unique;
}

const neverAnswered: ReadonlySet<number> = new Set([
  Opcode.FUSE_FORGET,
  Opcode.FUSE_BATCH_FORGET,
  Opcode.FUSE_INTERRUPT,
  Opcode.FUSE_NOTIFY_REPLY,
]);

/** performance.now of a thread begins with the thread; the shared state is on the scale of process.hrtime. */
const threadStartMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export class Engine implements RequestHandler {
  readonly withheld = new WithheldRequests((entry, withheld) => this.settle(entry, withheld));
  readonly requestsByOpcode = new Map<number, number>();
  private readonly pathOf: (nodeid: number) => string | undefined;

  constructor(private readonly options: EngineOptions) {
    this.pathOf = (nodeid) => options.dispatch.pathOf(nodeid);
  }

  onRequest(request: Request, message: Buffer): void {
    const { opcode } = request;
    this.requestsByOpcode.set(opcode, (this.requestsByOpcode.get(opcode) ?? 0) + 1);
    this.markBusy();
    try {
      if (this.options.faults.size > 0 && !neverWithheld.has(opcode) && this.withhold(request, message))
        return;
      this.options.dispatch.handle(request);
    } catch (error) {
      this.answerDefect(request, error);
    }
  }

  /**
   * A defect costs the request that met it, not the connection.  Where it came after the answer the kernel refuses
   * the second one (ENOENT).
   */
  private answerDefect({ opcode, unique }: Answerable, error: unknown): void {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.options.log('error', `a defect in ${opcodeName(opcode) ?? opcode}, answered EIO: ${why}`);
    if (!neverAnswered.has(opcode)) this.options.dispatch.replyError(unique, Errno.EIO);
  }

  /** False where no fault takes the request. */
  private withhold(request: Request, message: Buffer): boolean {
    const subject = subjectOf(request, this.pathOf);
    const decision = this.options.faults.decide(subject);
    if (decision.kind === 'pass') return false;
    const withheld = this.prepare(request, message);
    if (withheld === undefined) return true;
    const nowMs = performance.now();
    const { opcode, unique, nodeid, pid, offset, size } = subject;
    this.withheld.withhold(
      {
        unique,
        opcode,
        nodeid,
        pid,
        offset,
        size,
        path: subject.path(),
        heldSinceMs: nowMs,
        deadlineMs: decision.kind === 'delay' ? nowMs + decision.delayMs : undefined,
        faultId: decision.faultId,
        reason: decision.reason,
      },
      withheld,
    );
    this.publishOldest();
    return true;
  }

  /**
   * A WRITE is applied when it comes and only its ack is withheld: that is what "withheld writeback acks" means,
   * and a held WRITE then costs a table entry instead of its data.  All else is carried out when it is let go.
   * Undefined where the WRITE failed and the failure has been answered.
   */
  private prepare(request: Request, message: Buffer): Withheld | undefined {
    if (request.opcode !== Opcode.FUSE_WRITE) return { message: Buffer.from(message) };
    const written = this.options.dispatch.applyWrite(request);
    if (written >= 0) return { ackBytes: written };
    this.options.dispatch.replyError(request.unique, -written);
    return undefined;
  }

  private settle(entry: Answerable, withheld: Withheld): void {
    const { dispatch } = this.options;
    try {
      if ('ackBytes' in withheld) dispatch.replyWrite(entry.unique, withheld.ackBytes);
      else dispatch.handle(decodeRequest(withheld.message, dispatch.negotiated));
    } catch (error) {
      this.answerDefect(entry, error);
    }
  }

  release(filter: Parameters<WithheldRequests['release']>[0]): { released: number; bytes: number } {
    const released = this.withheld.release(filter);
    this.publishOldest();
    return released;
  }

  onBadMessage(error: Error & { readonly code?: string }, unique: Unique | undefined): void {
    const errno = error.code === 'UNKNOWN_OPCODE' ? Errno.ENOSYS : Errno.EINVAL;
    this.options.log('debug', `${error.message}; answered ${errnoName(errno)}`);
    if (unique !== undefined) this.options.dispatch.replyError(unique, errno);
  }

  onIdle(): void {
    this.options.shared.busySinceMs = 0;
  }

  private markBusy(): void {
    this.options.shared.busySinceMs = performance.now() + threadStartMs;
  }

  onWake(): void {
    this.markBusy();
    this.options.takeCommands();
    if (this.withheld.nextDeadlineMs() === Number.POSITIVE_INFINITY) return;
    this.withheld.releaseDue(performance.now());
    this.publishOldest();
  }

  nextDeadlineMs(): number {
    return this.withheld.nextDeadlineMs();
  }

  private publishOldest(): void {
    const since = this.withheld.oldestSinceMs;
    this.options.shared.oldestSinceMs = since === undefined ? 0 : since + threadStartMs;
  }

  /** By the kernel's names, as the status shows it. */
  requestCounts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [opcode, count] of this.requestsByOpcode) counts[opcodeName(opcode) ?? `${opcode}`] = count;
    return counts;
  }
}
