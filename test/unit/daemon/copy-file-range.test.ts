import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileHandlers } from '../../../src/daemon/handlers/files.js';
import type { HandlerContext } from '../../../src/daemon/handlers/handler.js';
import { Opcode } from '../../../src/protocol/opcode.js';

for (const opcode of [Opcode.FUSE_COPY_FILE_RANGE, Opcode.FUSE_COPY_FILE_RANGE_64] as const) {
  test(`opcode ${opcode} copies no more than its reply can tell`, () => {
    const lengths: number[] = [];
    const store = { copyFileRange: (...words: number[]) => lengths.push(words[4] ?? -1) };
    const replies = { write: () => {}, copyFileRange64: () => {} };
    const context = { store, replies } as unknown as HandlerContext;
    const handler = fileHandlers[opcode] as unknown as (request: unknown, context: HandlerContext) => void;
    for (const len of [5n, 0x7fff_f000n, 0x7fff_f001n, 1n << 63n]) handler({ opcode, len }, context);
    assert.deepEqual(lengths, [5, 0x7fff_f000, 0x7fff_f000, 0x7fff_f000]);
  });
}
