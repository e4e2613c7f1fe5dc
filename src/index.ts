/**
 * The package as other programs import it: a client of a daemon's control socket, and the types of its messages.
 * Loads nothing that needs root, a kernel or libc; to mount, run `stuckfs mount`.
 */

export { UsageError } from './base/errors.js';
export type { CallOptions, ConnectOptions, ControlClient } from './control/client/client.js';
export { connect } from './control/client/client.js';
export type { EventsOptions } from './control/client/event-stream.js';
export type { WaitForHeld } from './control/client/wait-for-held.js';
export type { ControlErrorCode } from './control/contract/errors.js';
export { ControlError } from './control/contract/errors.js';
export type { ControlEvent, EventData, EventName } from './control/contract/events.js';
export type {
  ClearedFaults,
  Fault,
  FaultInput,
  FaultList,
  InstalledFault,
} from './control/contract/faults.js';
export type {
  HeldAnswer,
  HeldQuery,
  HeldRequest,
  PlugAnswer,
  ReleaseAnswer,
  ReleaseInput,
  UnplugAnswer,
} from './control/contract/held.js';
export type { Amount, OpcodeName } from './control/contract/scalars.js';
export type { Status, UnmountAnswer, UnmountInput } from './control/contract/status.js';
