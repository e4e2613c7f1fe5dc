/**
 * Faults on the control interface.  The rule itself is the fault room's FaultSpec; here it gets an id, by
 * which it is listed and removed.  Removing a fault releases nothing: what it holds stays held.
 */
import * as z from 'zod';
import { FaultSpec } from '../../fault/fault.js';
import { count, fromText, identifier } from './scalars.js';

export type { Fault, FaultInput } from '../../fault/fault.js';

export const FaultParams = z.strictObject({ id: fromText(identifier) });

export const InstalledFault = z.object({
  id: identifier.describe('Counted from 1 and never given again by the same daemon.'),
  fault: FaultSpec,
});
export type InstalledFault = z.output<typeof InstalledFault>;

export const FaultList = z.object({
  faults: z.array(InstalledFault).describe('In the order they are tried.'),
});
export type FaultList = z.output<typeof FaultList>;

export const ClearedFaults = z.object({ removed: count });
export type ClearedFaults = z.output<typeof ClearedFaults>;
