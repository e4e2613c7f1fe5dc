/**
 * Whatever the bytes, decodeRequest gives a Request or a ProtocolError, and looks at nothing outside the message:
 * each message is decoded inside two larger buffers with different surroundings, and must come out the same.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { printRequest } from '../../../src/protocol/print.js';
import { decodeRequest, type Negotiated } from '../../../src/protocol/request.js';
import { message, messageOf } from './request-case.js';
import { fileCases } from './request-cases-file.js';
import { inodeCases } from './request-cases-inode.js';

const MARGIN = 128;

/** Puts the message between poison, decodes it there, and says what came of it. */
function outcomeAmid(whole: Buffer, poison: number, negotiated: Negotiated): unknown {
  const arena = Buffer.alloc(whole.length + 2 * MARGIN, poison);
  whole.copy(arena, MARGIN);
  const inside = arena.subarray(MARGIN, MARGIN + whole.length);
  try {
    const request = decodeRequest(inside, negotiated);
    const payloads = [...Object.values(request), ...request.extensions.map(({ payload }) => payload)];
    for (const payload of payloads.filter((value) => Buffer.isBuffer(value))) {
      const start = payload.byteOffset - inside.byteOffset;
      assert.equal(payload.buffer, inside.buffer, 'the payload was copied');
      assert.ok(start >= 0 && start + payload.length <= inside.length, 'the payload leaves the message');
    }
    return { ...request, printed: printRequest(request) };
  } catch (error) {
    if (error instanceof ProtocolError) return { code: error.code, message: error.message };
    throw error;
  }
}

function holds(whole: Buffer, flags: bigint): void {
  const negotiated = { minor: 45, flags };
  assert.deepEqual(outcomeAmid(whole, 0x00, negotiated), outcomeAmid(whole, 0xab, negotiated));
}

const anyFlags = fc.constantFrom(0n, 1n << 29n, 1n << 32n, (1n << 32n) | (1n << 29n));
const valid = fc.constantFrom(...inodeCases, ...fileCases);

describe('decodeRequest', () => {
  it('survives arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), anyFlags, (array, flags) => {
        holds(Buffer.from(array), flags);
      }),
    );
  });

  it('survives arbitrary arguments behind a good header', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(0, 0, 0, 1, 2, 3, 9, 65535),
        anyFlags,
        (opcode, args, extlen, flags) => holds(message(opcode, Buffer.from(args), extlen), flags),
      ),
      { numRuns: 2000 },
    );
  });

  it('survives good messages that were cut', () => {
    fc.assert(
      fc.property(valid, fc.nat(), fc.boolean(), anyFlags, (testCase, cut, adjustLen, flags) => {
        const whole = messageOf(testCase);
        const short = whole.subarray(0, cut % whole.length);
        if (adjustLen && short.length >= 4) short.writeUInt32LE(short.length, 0);
        holds(short, flags);
      }),
      { numRuns: 1000 },
    );
  });

  it('survives good messages with flipped bits', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(valid, flips, fc.boolean(), anyFlags, (testCase, bits, spareHeader, flags) => {
        const whole = messageOf(testCase);
        const first = spareHeader ? Math.min(40, whole.length - 1) : 0;
        for (const [at, bit] of bits) {
          const index = first + (at % (whole.length - first));
          whole[index] = (whole[index] ?? 0) ^ (1 << bit);
        }
        holds(whole, flags);
      }),
      { numRuns: 3000 },
    );
  });
});
