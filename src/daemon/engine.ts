/**
 * The serving thread's centre: each request is answered, or withheld as the faults decide; what is withheld is
 * released on command or at its time.  Unplugged, it holds every request.  It does not know the transport nor how replies are encoded.
 */

import type { Unique } from '../base/branded.js';
import { Errno, errnoName } from '../base/errno.js';
import type { Decision } from '../fault/actions.js';
import type { HeldFilter } from '../fault/inventory.js';
import type { Subject } from '../fault/subject.js';
import type { FaultTable } from '../fault/table.js';
import { Opcode, opcodeName } from '../protocol/opcode.js';
import { decodeRequest, type Request } from '../protocol/request.js';
import type { Pins, RequestHandler } from '../transport/transport.js';
import type { SharedState } from './commands.js';
import type { Dispatch } from './dispatch.js';
import { shortened } from './shortened.js';
import { subjectOf } from './subject.js';
import { type Released, type Withheld, WithheldRequests } from './withheld.js';

export interface EngineOptions {
  readonly dispatch: Dispatch;
  readonly faults: FaultTable;
  /** Of the transport; absent where it cannot pin. */
  readonly pins?: Pins | undefined;
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

type Withholding = Extract<Decision, { kind: 'hold' | 'never' | 'delay' | 'pin' }> | typeof cable;
/** What acts by itself beside the requests: a plan.  It is told of every change, and of its time. */
export interface Conductor {
  readonly nextTimeMs: number;
  advance(nowMs: number): void;
  stop(): void;
}

/** What becomes of a request while the cable is unplugged. */
const cable = { kind: 'hold', faultId: undefined, reason: 'unplugged' } as const;

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
  /** WRITEs that were to be pinned and were only answered. */
  pinsRefused = 0;
  /** undefined while no plan runs. */
  conductor: Conductor | undefined;
  private unplugged = false;
  private readonly pathOf: (nodeid: number) => string | undefined;

  constructor(private readonly options: EngineOptions) {
    this.pathOf = (nodeid) => options.dispatch.pathOf(nodeid);
  }

  onRequest(request: Request, message: Buffer): void {
    const { opcode } = request;
    const nowMs = performance.now();
    this.requestsByOpcode.set(opcode, (this.requestsByOpcode.get(opcode) ?? 0) + 1);
    this.markBusy(nowMs);
    try {
      if ((this.unplugged || this.options.faults.size > 0) && !neverWithheld.has(opcode)) {
        this.misbehave(request, message, nowMs);
      } else this.options.dispatch.handle(request);
    } catch (error) {
      this.answerDefect(request, error);
    }
    this.conductor?.advance(nowMs);
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

  /** As the first fault that takes it says.  An unplugged request reaches no fault, as it would reach no server. */
  private misbehave(request: Request, message: Buffer, nowMs: number): void {
    const { dispatch, faults } = this.options;
    const subject = subjectOf(request, nowMs, this.pathOf);
    const decision = this.unplugged ? cable : faults.decide(subject);
    switch (decision.kind) {
      case 'pass':
        dispatch.handle(request);
        break;
      case 'fail':
        dispatch.refuse(request, decision.errno);
        break;
      case 'short':
        dispatch.handle(shortened(request, decision.sizeBytes));
        break;
      case 'hold':
      case 'never':
      case 'delay':
        this.withhold(subject, decision, this.prepare(request, message));
        break;
      case 'pin':
        this.pin(subject, decision, this.prepare(request, message));
        break;
    }
  }

  /** Answered at once; where the data cannot be kept, that is all. */
  private pin(subject: Subject, decision: Withholding, answer: Withheld): void {
    const pin = 'ackBytes' in answer ? (this.options.pins?.pin() ?? -Errno.EOPNOTSUPP) : undefined;
    this.settle(subject, answer);
    if (pin === undefined) return;
    if (typeof pin !== 'number') {
      this.withhold(subject, decision, { pin });
      return;
    }
    this.pinsRefused += 1;
    if (this.pinsRefused > 1) return;
    const { totals, pinned } = this.withheld;
    this.options.log(
      'warn',
      `a WRITE was answered and not pinned (${errnoName(-pin)}) with ${pinned.requests} pinned and ${totals.requests} ` +
        'held; from here on such are only counted',
    );
  }

  private withhold(subject: Subject, decision: Withholding, withheld: Withheld): void {
    const { opcode, unique, nodeid, pid, offset, size, arrivedMs } = subject;
    this.withheld.withhold(
      {
        unique,
        opcode,
        nodeid,
        pid,
        offset,
        size,
        path: subject.path(),
        heldSinceMs: arrivedMs,
        deadlineMs: decision.kind === 'delay' ? arrivedMs + decision.delayMs : undefined,
        faultId: decision.faultId,
        never: decision.kind === 'never',
        reason: decision.reason,
      },
      withheld,
    );
    this.publishHeld();
  }

  /**
   * A WRITE is applied when it comes and only its ack is withheld: that is what "withheld writeback acks" means,
   * and a held WRITE then costs a table entry instead of its data.  All else is carried out when it is let go.
   */
  private prepare(request: Request, message: Buffer): Withheld {
    if (request.opcode !== Opcode.FUSE_WRITE) return { message: Buffer.from(message) };
    const written = this.options.dispatch.applyWrite(request);
    return written >= 0 ? { ackBytes: written } : { errno: -written };
  }

  private settle(entry: Answerable, withheld: Withheld): void {
    const { dispatch } = this.options;
    try {
      if ('pin' in withheld) withheld.pin.drop();
      else if ('ackBytes' in withheld) dispatch.replyWrite(entry.unique, withheld.ackBytes);
      else if ('errno' in withheld) dispatch.replyError(entry.unique, withheld.errno);
      else dispatch.handle(decodeRequest(withheld.message, dispatch.negotiated));
    } catch (error) {
      this.answerDefect(entry, error);
    }
  }

  release(filter: HeldFilter): Released {
    const released = this.withheld.release(filter);
    this.publishHeld();
    return released;
  }

  get isUnplugged(): boolean {
    return this.unplugged;
  }

  /** From now on every request is held.  What a fault holds stays where it is. */
  unplug(): void {
    this.unplugged = true;
  }

  /** Answers what was held while unplugged, in order of arrival; what a fault holds stays held. */
  plug(): Released {
    this.unplugged = false;
    return this.release({ faultId: null });
  }

  /** For the end: nothing is left that could keep anybody waiting, and nothing new is kept. */
  letGoOfAll(): Released {
    this.conductor?.stop();
    this.options.faults.clear();
    this.unplugged = false;
    return this.release({});
  }

  onBadMessage(error: Error & { readonly code?: string }, unique: Unique | undefined): void {
    const errno = error.code === 'UNKNOWN_OPCODE' ? Errno.ENOSYS : Errno.EINVAL;
    this.options.log('debug', `${error.message}; answered ${errnoName(errno)}`);
    if (unique !== undefined) this.options.dispatch.replyError(unique, errno);
  }

  onIdle(): void {
    this.options.shared.busySinceMs = 0;
  }

  private markBusy(nowMs: number): void {
    this.options.shared.busySinceMs = nowMs + threadStartMs;
  }

  onWake(): void {
    this.markBusy(performance.now());
    this.options.takeCommands();
    if (this.withheld.nextDeadlineMs() !== Number.POSITIVE_INFINITY) {
      this.withheld.releaseDue(performance.now());
      this.publishHeld();
    }
    this.conductor?.advance(performance.now());
  }

  nextDeadlineMs(): number {
    return Math.min(this.withheld.nextDeadlineMs(), this.conductor?.nextTimeMs ?? Number.POSITIVE_INFINITY);
  }

  /** For the main thread, after every change of what is withheld. */
  private publishHeld(): void {
    this.options.shared.heldChanges += 1;
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
