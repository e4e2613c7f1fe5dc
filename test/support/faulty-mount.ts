/** A mount for a test of faults: over one of the transports, with a client of its daemon. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type ControlClient, connect } from '../../src/control/client/client.js';
import type { HeldRequest } from '../../src/control/contract/held.js';
import { parseFaultWords } from '../../src/fault/describe.js';
import { mounted } from './mounted.js';
import type { TestTransport } from './transports.js';

const heldMs = 10_000;

export async function faultyMount(
  context: TestContext,
  transport: TestTransport,
  ...options: readonly string[]
) {
  const mount = await mounted(context, ...transport.options, ...options);
  const client = connect({ socketPath: mount.ready.socketPath });
  /** Arms a fault of words such as 'fail EIO read path=/file'; answers its id. */
  const arm = async (words: string): Promise<number> =>
    (await client.addFault(parseFaultWords(words.split(' ')))).id;
  /** Until so many are held: what is held, oldest first. */
  const held = async (requests: number): Promise<readonly HeldRequest[]> => {
    await client.waitForHeld({ requests, timeoutMs: heldMs });
    const { held: list } = await client.held();
    assert.equal(list.length, requests, list.map(({ opcode, path }) => `${opcode} ${path}`).join(', '));
    return list;
  };
  return { ...mount, client, arm, held };
}

/** How many requests of an opcode the daemon has read. */
export async function countOf(client: ControlClient, opcode: string): Promise<number> {
  return (await client.status()).requests.byOpcode[opcode] ?? 0;
}
