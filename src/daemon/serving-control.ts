/** The commands of the control API as the serving thread carries them out, between two requests. */
import type { InstalledFault } from '../control/contract/faults.js';
import type {
  HeldAnswer,
  HeldQuery,
  PlugAnswer,
  ReleaseAnswer,
  ReleaseOrder,
  UnplugAnswer,
} from '../control/contract/held.js';
import type { Plan, PlanStatus } from '../control/contract/plans.js';
import type { CountByOpcode } from '../control/contract/scalars.js';
import type { Fault } from '../fault/fault.js';
import type { HeldFilter, HeldTotals } from '../fault/inventory.js';
import type { FaultTable } from '../fault/table.js';
import { Opcode, type OpcodeName, opcodeName } from '../protocol/opcode.js';
import type { Replies } from '../transport/replies.js';
import type { ServingCommandName, ServingCommands, ServingStatus } from './commands.js';
import type { Dispatch } from './dispatch.js';
import type { Engine } from './engine.js';
import type { PlanRunner } from './plan-runner.js';
import { isPinned, type Released } from './withheld.js';

interface Parts {
  readonly engine: Engine;
  readonly dispatch: Dispatch;
  readonly faults: FaultTable;
  readonly replies: Replies;
  readonly plans: PlanRunner;
}

export class ServingControl implements ServingCommands {
  constructor(private readonly parts: Parts) {}

  run(name: ServingCommandName, words: readonly unknown[]): unknown {
    const command = this[name] as (this: ServingControl, ...words: readonly unknown[]) => unknown;
    return command.call(this, ...words);
  }

  status(): ServingStatus {
    const { engine, dispatch, faults, replies } = this.parts;
    const since = engine.withheld.oldestSinceMs;
    const byOpcode = engine.requestCounts();
    return {
      protocol: dispatch.protocolStatus(),
      store: dispatch.storeStatus(),
      held: {
        ...engine.withheld.totals,
        oldestMs: since === undefined ? null : performance.now() - since,
        byOpcode: requestsByOpcode(engine.withheld.totalsByOpcode()),
      },
      pins: { ...engine.withheld.pinned, refused: engine.pinsRefused },
      faults: faults.size,
      unplugged: engine.isUnplugged,
      requests: { total: Object.values(byOpcode).reduce((sum, count) => sum + count, 0), byOpcode },
      replies: { total: replies.counters.sent, refused: replies.counters.refused },
    };
  }

  held(query: HeldQuery): HeldAnswer {
    const { engine, faults } = this.parts;
    const listed = new Set(faults.list().map(({ id }) => id));
    const nowMs = performance.now();
    const opcodes = query.opcode === undefined ? undefined : [Opcode[query.opcode]];
    const matching = engine.withheld.select({ opcodes, path: query.path, nodeid: query.nodeid });
    const byOpcode = new Map<number, HeldTotals>();
    const pinned = { requests: 0, bytes: 0 };
    let bytes = 0;
    for (const { opcode, size = 0, payload } of matching) {
      bytes += size;
      if (isPinned(payload.withheld)) {
        pinned.requests += 1;
        pinned.bytes += size;
      }
      const totals = byOpcode.get(opcode) ?? { requests: 0, bytes: 0 };
      byOpcode.set(opcode, { requests: totals.requests + 1, bytes: totals.bytes + size });
    }
    return {
      held: matching.slice(query.offset, query.offset + query.limit).map((entry) => ({
        unique: entry.unique.toString(),
        opcode: nameOf(entry.opcode),
        nodeid: entry.nodeid,
        path: entry.path ?? null,
        offset: entry.offset ?? null,
        size: entry.size ?? null,
        ageMs: Math.max(0, nowMs - entry.heldSinceMs),
        pid: entry.pid,
        reason: entry.reason,
        pinned: isPinned(entry.payload.withheld),
        faultId: entry.faultId !== undefined && listed.has(entry.faultId) ? entry.faultId : null,
      })),
      total: { requests: matching.length, bytes },
      pinned,
      byOpcode: requestsByOpcode(byOpcode),
    };
  }

  release(order: ReleaseOrder): ReleaseAnswer {
    const { engine } = this.parts;
    const filter: HeldFilter = {
      opcodes: order.opcodes?.map((name) => Opcode[name]),
      path: order.path,
      nodeid: order.nodeid,
      uniques: order.uniques?.map(BigInt),
      faultId: order.faultId,
      // Naming a request or its fault is naming it.
      never:
        order.never === true || order.uniques !== undefined || order.faultId !== undefined
          ? undefined
          : false,
      count: order.count,
      order: order.order,
    };
    return { ...engine.release(filter), remaining: engine.withheld.nrRequests };
  }

  faults(): InstalledFault[] {
    return this.parts.faults.list().map(({ id, fault }) => ({ id, fault }));
  }

  addFault(fault: Fault): InstalledFault {
    return { id: this.parts.faults.add(fault).id, fault };
  }

  removeFault(id: number): InstalledFault | undefined {
    const found = this.faults().find((installed) => installed.id === id);
    this.parts.faults.remove(id);
    return found;
  }

  clearFaults(): number {
    return this.parts.faults.clear();
  }

  unplug(): UnplugAnswer {
    const { engine } = this.parts;
    const changed = !engine.isUnplugged;
    engine.unplug();
    return { changed };
  }

  plug(): PlugAnswer {
    const { engine } = this.parts;
    const changed = engine.isUnplugged;
    const released = engine.plug();
    return { changed, ...released, remaining: engine.withheld.nrRequests };
  }

  plan(): PlanStatus {
    return this.parts.plans.status();
  }

  startPlan(plan: Plan): PlanStatus | undefined {
    return this.parts.plans.start(plan);
  }

  stopPlan(): PlanStatus {
    return this.parts.plans.stop();
  }

  letGoOfAll(): Released {
    return this.parts.engine.letGoOfAll();
  }
}

/** Only opcodes with a name can be withheld: no fault matches another. */
function nameOf(opcode: number): OpcodeName {
  const name = opcodeName(opcode);
  if (name === undefined) throw new Error(`opcode ${opcode} is withheld but has no name`);
  return name;
}

function requestsByOpcode(totals: ReadonlyMap<number, HeldTotals>): CountByOpcode {
  const counts: CountByOpcode = {};
  for (const [opcode, { requests }] of totals) counts[nameOf(opcode)] = requests;
  return counts;
}
