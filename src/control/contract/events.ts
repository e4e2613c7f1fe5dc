/**
 * What happens in a daemon, as it is told to those who listen (GET /v1/events, text/event-stream: the fields id,
 * event and data of the HTML standard, 9.2).  The names are those of the `event` field, the data is JSON.
 * A new event is one line of the table below; a client skips those that it does not know.
 */
import * as z from 'zod';
import { InstalledFault } from './faults.js';
import { ReleaseAnswer } from './held.js';
import { Amount, CountByOpcode, identifier } from './scalars.js';

const HeldAmount = Amount.extend({ byOpcode: CountByOpcode });

/** What a listener is told first. */
export const EventState = z.object({
  held: HeldAmount,
  faults: z.array(InstalledFault).describe('In the order they are tried.'),
  unplugged: z.boolean(),
});
export type EventState = z.output<typeof EventState>;

const eventData = {
  /** First on every connection, and only there; whatever follows has happened after it. */
  state: EventState,
  /** What is held now, after one change or several within some 20 ms. */
  held: HeldAmount,
  /** Somebody has released, or plugged, and something was answered by that. */
  released: ReleaseAnswer,
  'fault-added': InstalledFault,
  'fault-removed': z.object({ id: identifier }),
  unplugged: z.object({}),
  plugged: z.object({}),
  /** The connection to the kernel is over; nothing follows. */
  ended: z.object({ reason: z.string() }),
} as const satisfies Record<string, z.ZodType>;

export type EventName = keyof typeof eventData;
export type EventData<Name extends EventName> = z.output<(typeof eventData)[Name]>;

/** An event before it has its number. */
export type Happening = {
  [Name in EventName]: { readonly event: Name; readonly data: EventData<Name> };
}[EventName];

export type ControlEvent = {
  [Name in EventName]: {
    /** Counts up; every event of one daemon has another. */
    readonly id: number;
    readonly event: Name;
    readonly data: EventData<Name>;
  };
}[EventName];

const [first, ...rest] = Object.entries(eventData).map(([name, data]) =>
  z.object({
    id: identifier.describe('Counts up; every event of one daemon has another.'),
    event: z.literal(name),
    data,
  }),
);
if (first === undefined) throw new TypeError('the table of events is empty');

export const ControlEventSpec = z.discriminatedUnion('event', [first, ...rest]) as z.ZodType<ControlEvent>;

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(eventData, name);
}

/** Lines that a stream without events gets, so that both ends see whether the other is there. */
export const keepAliveMs = 15_000;
