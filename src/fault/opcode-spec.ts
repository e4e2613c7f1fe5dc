/**
 * Which opcodes a fault may name, and how a user spells them.  Authority: fs/fuse/dev.c and inode.c for which
 * requests get a reply, and which of them the connection itself hangs on.
 */
import * as z from 'zod';
import { UsageError } from '../base/errors.js';
import { Opcode, type OpcodeName } from '../protocol/opcode.js';

/** Opcodes that never get a reply, so nothing can be withheld. */
const withoutReply: ReadonlySet<string> = new Set<OpcodeName>([
  'FUSE_FORGET',
  'FUSE_BATCH_FORGET',
  'FUSE_INTERRUPT',
  'FUSE_NOTIFY_REPLY',
]);
/** Opcodes whose failure takes the whole connection with it: INIT makes it, DESTROY ends it. */
const ofTheConnection: ReadonlySet<string> = new Set<OpcodeName>(['FUSE_INIT', 'FUSE_DESTROY']);

/** Every opcode that a fault may match; also what a fault without `opcodes` matches. */
export const faultableOpcodes: readonly OpcodeName[] = (Object.keys(Opcode) as OpcodeName[]).filter(
  (name) => !withoutReply.has(name) && !ofTheConnection.has(name),
);
const faultable: ReadonlySet<string> = new Set(faultableOpcodes);

/** FUSE_WRITE as "WRITE". */
export function shortOpcode(name: OpcodeName): string {
  return name.slice('FUSE_'.length);
}

type Reading = { name: OpcodeName } | { remedy: string };

function readOpcode(given: string): Reading {
  const upper = given.toUpperCase();
  const name = upper.startsWith('FUSE_') ? upper : `FUSE_${upper}`;
  if (ofTheConnection.has(name))
    return { remedy: 'makes or ends the connection itself and cannot be faulted' };
  if (withoutReply.has(name)) return { remedy: 'has no reply that could be withheld' };
  if (faultable.has(name)) return { name: name as OpcodeName };
  const known = faultableOpcodes.map((opcode) => shortOpcode(opcode).toLowerCase()).join(', ');
  return { remedy: `is not an opcode; known: ${known}` };
}

/** `write`, `WRITE` and `FUSE_WRITE` all name FUSE_WRITE. */
export const OpcodeSpec = z.string().transform((given, context): OpcodeName => {
  const reading = readOpcode(given);
  if ('name' in reading) return reading.name;
  context.addIssue(reading.remedy);
  return z.NEVER;
});

/** Opcodes of "write,READ,FUSE_OPEN", each once, in the order of their first mention. Throws UsageError. */
export function parseOpcodeList(field: string, text: string): OpcodeName[] {
  const names = new Set<OpcodeName>();
  for (const word of text.split(',')) {
    const reading = readOpcode(word.trim());
    if (!('name' in reading)) throw new UsageError(field, word, reading.remedy);
    names.add(reading.name);
  }
  return [...names];
}
