/**
 * The list of actions: a new one is a file that satisfies ActionKind and a line in `kinds`.  The shape of an
 * action, its words and the daemon's Decision all follow from it.
 */
import * as z from 'zod';
import type { OpcodeName } from '../protocol/opcode.js';
import type { ActionContext } from './action-kind.js';
import { delay } from './delay.js';
import { fail } from './fail.js';
import { hold } from './hold.js';
import { never } from './never.js';
import { pin } from './pin.js';
import { short } from './short.js';
import type { Subject } from './subject.js';

const kinds = {
  hold,
  delay,
  fail,
  short,
  never,
  pin,
} as const;

type Kinds = typeof kinds;
type Spec = Kinds[keyof Kinds]['spec'];

export const ActionSpec = z.discriminatedUnion(
  'type',
  Object.values(kinds).map((kind) => kind.spec) as [Spec, ...Spec[]],
);
export type Action = z.output<typeof ActionSpec>;

/** What is to become of a request; `pass` is to answer it as if there were no faults. */
export type Decision = { readonly kind: 'pass' } | ReturnType<ReturnType<Kinds[keyof Kinds]['compile']>>;

interface AnyKind {
  readonly opcodes?: readonly OpcodeName[];
  readonly nrWords: number;
  toWords(action: Action): string[];
  fromWords(words: readonly string[]): unknown;
  compile(action: Action, context: ActionContext): (subject: Subject) => Decision;
}
const kindByType: Readonly<Record<Action['type'], AnyKind>> = kinds;

export function compileAction(action: Action, context: ActionContext): (subject: Subject) => Decision {
  return kindByType[action.type].compile(action, context);
}

/** The opcodes that an action is for; undefined for all that have a reply. */
export function opcodesOfAction(type: Action['type']): readonly OpcodeName[] | undefined {
  return kindByType[type].opcodes;
}

/** An action as words: its type, then its arguments. */
export function actionToWords(action: Action): string[] {
  return [action.type, ...kindByType[action.type].toWords(action)];
}

export const actionTypes = Object.keys(kinds) as readonly Action['type'][];

/** How many words follow the name of an action. */
export function nrActionWords(type: Action['type']): number {
  return kindByType[type].nrWords;
}

/** An action, yet to be checked by ActionSpec, from the words that follow its type. Throws UsageError. */
export function actionFromWords(type: Action['type'], words: readonly string[]): unknown {
  return kindByType[type].fromWords(words);
}
