/** From samples of tasks to spans: how long a task was seen to sleep in one place. */
import type { EventOf } from '../arm-events.js';
import type { ArmTimeline } from '../arm-timeline.js';

/** A task in one place. */
export interface TaskWait
  extends Pick<EventOf<'task-sampled'>, 'role' | 'pid' | 'tid' | 'comm' | 'state' | 'stack'> {
  /** Of the first and the last sample. */
  readonly fromUs: number;
  readonly untilUs: number;
  readonly samples: number;
}

export function taskWaits({ events }: ArmTimeline): TaskWait[] {
  const waits: TaskWait[] = [];
  const current = new Map<number, number>();
  for (const { role, pid, tid, comm, state, stack, atNs } of events.all('task-sampled')) {
    const atUs = atNs / 1000;
    const index = current.get(tid);
    const before = index === undefined ? undefined : waits[index];
    if (index !== undefined && before?.state === state && isSame(before.stack, stack)) {
      waits[index] = { ...before, untilUs: Math.max(before.untilUs, atUs), samples: before.samples + 1 };
      continue;
    }
    current.set(tid, waits.length);
    waits.push({ role, pid, tid, comm, state, stack, fromUs: atUs, untilUs: atUs, samples: 1 });
  }
  return waits;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((symbol, index) => symbol === b[index]);
}
