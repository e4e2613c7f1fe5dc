/**
 * What the server is told in an arm: to misbehave, to say what it withholds, and to let go.  Talks to the daemon
 * through the control socket only, and writes down what it says.
 */
import { readFuseWaiting } from '../kernel/fusectl.js';
import type { Mitigation, MitigationName } from '../mitigation/mitigation.js';
import type { LetGo } from '../record/arm-design.js';
import type { HeldRequestRecord } from '../record/events.js';
import { type ArmContext, ArmError } from './arm-context.js';

const MOST_HELD = 100_000;
/** Requests are looked at every 15 s (FUSE_TIMEOUT_TIMER_FREQ in fs/fuse/fuse_i.h), and may be 15 s old then. */
const TIMEOUT_MS = 90_000;

/** A process with GiB to give back takes its time. */
const KILL_MS = 30_000;

const letGoBy: Readonly<Record<MitigationName, LetGo>> = {
  abort: 'abort',
  'kill-server': 'kill-server',
  'request-timeout': 'request-timeout',
  'bdi-limit': 'release',
  release: 'release',
};

/** What is withheld, as far as it must be known to be confirmed. */
export interface WedgedSet {
  /** Of the stuck file's folios. */
  pfns(): Float64Array;
  ino(): number;
}

export class Wedge {
  /** CLOCK_MONOTONIC at which the first delayed answer is due. */
  private firstDueNs = Number.POSITIVE_INFINITY;

  constructor(protected readonly context: ArmContext) {}

  async misbehave(stuckPath: string): Promise<void> {
    const { misbehaviour } = this.context.plan.design;
    const { client } = this.context.stage;
    if (misbehaviour.kind === 'unplug') await client.unplug();
    if (misbehaviour.kind === 'faults' || misbehaviour.kind === 'delay') {
      for (const fault of misbehaviour.faults(stuckPath)) await client.addFault(fault);
    }
  }

  /** Waits until what is withheld covers the stuck file, and writes down the requests. */
  async confirm(_set: WedgedSet): Promise<void> {
    const { plan, stage, deadlines, reads } = this.context;
    const opcode = reads ? 'FUSE_READ' : 'FUSE_WRITE';
    await deadlines.until(
      `the withheld ${opcode}s to cover the stuck file`,
      this.context.deadlineForBytes(plan.stuckBytes),
      async () => (await stage.client.held({ opcode, limit: 0 })).total.bytes >= plan.stuckBytes,
    );
    if (plan.design.misbehaviour.kind === 'unplug') {
      await deadlines.until('another request to hang', 10_000, async () => {
        const { byOpcode } = await stage.client.held({ limit: 0 });
        return Object.keys(byOpcode).some((name) => name !== opcode);
      });
    }
    const held = await this.record();
    stage.progress.step(`${held.length} requests held`);
  }

  /** Writes down what is held now. */
  async record(): Promise<readonly HeldRequestRecord[]> {
    const { plan, stage } = this.context;
    const askedNs = Number(process.hrtime.bigint());
    const { held } = await stage.client.held({ limit: MOST_HELD });
    if (plan.design.misbehaviour.kind === 'delay') {
      const oldestMs = Math.max(0, ...held.map(({ ageMs }) => ageMs));
      this.firstDueNs = askedNs + (plan.design.misbehaviour.delayMs - oldestMs) * 1e6;
    }
    const records = held.map(({ unique, opcode, nodeid, offset, size }) => ({
      unique,
      opcode,
      nodeid,
      offset,
      size,
    }));
    this.context.record({ event: 'held', arm: plan.index, held: records });
    return records;
  }

  /** Until the first delayed answer. */
  get leftMs(): number {
    return (this.firstDueNs - Number(process.hrtime.bigint())) / 1e6;
  }

  /** Has a mitigation act in the place of the release. */
  async relieve({ id, endsConnection }: Mitigation, act: NonNullable<Mitigation['act']>): Promise<void> {
    const { stage, deadlines } = this.context;
    const { client, progress, connection } = stage;
    const { requests, bytes } = (await client.held({ limit: 0 })).total;
    const isUnplugged = this.context.plan.design.misbehaviour.kind === 'unplug';
    const askedNs = await act({
      connection,
      killServer: () => deadlines.answer('the server to die', KILL_MS, stage.killServer()),
      letGo: async () => {
        await client.clearFaults();
        await (isUnplugged ? client.plug() : client.release({}));
      },
      untilEnded: () => this.untilEnded(connection),
    });
    this.recordLetGo(
      endsConnection ? letGoBy[id] : isUnplugged ? 'plug' : 'release',
      requests,
      bytes,
      askedNs,
    );
    progress.step(`mitigation ${id}: ${requests} requests were held`);
  }

  /** Until the kernel has ended requests that nobody has answered; when it was last seen not to have. */
  private async untilEnded(connection: number): Promise<number> {
    const waiting = readFuseWaiting(connection);
    let aliveNs = 0;
    await this.context.deadlines.until('the kernel to end the connection', TIMEOUT_MS, async () => {
      const lookedNs = Number(process.hrtime.bigint());
      const isAlive = readFuseWaiting(connection) >= waiting;
      if (isAlive) aliveNs = lookedNs;
      return !isAlive;
    });
    return aliveNs;
  }

  async letGo(): Promise<void> {
    const { client, progress } = this.context.stage;
    const { misbehaviour } = this.context.plan.design;
    if (misbehaviour.kind === 'delay') {
      const { requests, bytes } = (await client.held({ limit: 0 })).total;
      this.recordLetGo('delay', requests, bytes, this.firstDueNs);
      return;
    }
    await client.clearFaults();
    const askedNs = Number(process.hrtime.bigint());
    const by = misbehaviour.kind === 'unplug' ? 'plug' : 'release';
    const { released, bytes } = by === 'plug' ? await client.plug() : await client.release({});
    this.recordLetGo(by, released, bytes, askedNs);
    progress.step(`${by === 'plug' ? 'plugged in again: ' : ''}released ${released} requests`);
  }

  /** After the end of it all: whatever hung has had its answer, and how many the kernel did not want is written down. */
  async confirmDrained(): Promise<void> {
    const { held, pins, replies } = await this.context.stage.client.status();
    const left = held.requests + pins.requests;
    if (left > 0) throw new ArmError(`${left} requests are held still, after they were let go`);
    const { plan, stage } = this.context;
    this.context.record({
      event: 'answered',
      arm: plan.index,
      replies: replies.total - stage.answeredBefore.total,
      refused: replies.refused - stage.answeredBefore.refused,
    });
  }

  protected recordLetGo(by: LetGo, requests: number, bytes: number, askedNs: number, downMs?: number): void {
    if (!Number.isFinite(askedNs)) throw new ArmError('what is delayed was never confirmed');
    const down = downMs === undefined ? {} : { downMs };
    const { index } = this.context.plan;
    // A delay is let go by the server itself, later.
    const done = by === 'delay' ? {} : { doneNs: Number(process.hrtime.bigint()) };
    this.context.record({ event: 'released', arm: index, requests, bytes, askedNs, ...done, by, ...down });
  }
}
