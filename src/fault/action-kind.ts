/**
 * What a file of one action provides.  `actions.ts` is the list of them.
 */
import type * as z from 'zod';
import type { OpcodeName } from '../protocol/opcode.js';
import type { Random } from './random.js';
import type { Subject } from './subject.js';

export interface ActionContext {
  readonly faultId: number;
  /** One line that says which fault it was, for the inventory and the journal. */
  readonly reason: string;
  /** The fault's own stream. */
  readonly random: Random;
}

/** `Action` is the normal form that `spec` puts out; its `type` is the name under which it is registered. */
export interface ActionKind<Action, Decision> {
  readonly spec: z.ZodType<Action>;
  /** The opcodes that it is for; all that have a reply where this is absent. */
  readonly opcodes?: readonly OpcodeName[];
  /** How many words follow the action's name in a command line. */
  readonly nrWords: number;
  /** Those words, of an action. */
  toWords(action: Action): string[];
  /** An action of those words, yet to be checked by `spec`; throws UsageError. */
  fromWords(words: readonly string[]): unknown;
  /** Called for every request that the fault takes; it runs on the request path, so it must neither wait nor throw. */
  compile(action: Action, context: ActionContext): (subject: Subject) => Decision;
}
