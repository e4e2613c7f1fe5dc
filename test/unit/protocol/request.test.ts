/** Golden, truncated and contradictory requests; and the printer, which shares the table. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProtocolErrorCode } from '../../../src/protocol/errors.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { Opcode } from '../../../src/protocol/opcode.js';
import { printRequest } from '../../../src/protocol/print.js';
import { decodeRequest, type Negotiated, type RequestOf } from '../../../src/protocol/request.js';
import { bytes, cstring, junk, raw, u32, u64, zeros } from '../../support/bytes.js';
import { header, message, messageOf, type RequestCase } from './request-case.js';
import { fileCases } from './request-cases-file.js';
import { inodeCases } from './request-cases-inode.js';

const requestCases = [...inodeCases, ...fileCases];

const negotiatedBy = (testCase: RequestCase): Negotiated => ({ minor: 45, flags: testCase.flags ?? 0n });

/** The same message with other arguments and a `len` that agrees with them. */
function withLength(whole: Buffer, length: number): Buffer {
  const other = bytes(whole, junk(64)).subarray(0, length);
  other.writeUInt32LE(length, 0);
  return other;
}

function codeOf(decode: () => unknown): ProtocolErrorCode {
  try {
    decode();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return assert.fail('it decoded');
}

describe('the table of requests', () => {
  it('has every opcode', () => {
    const missing = Object.keys(Opcode).filter((name) => !requestCases.some(({ opcode }) => opcode === name));
    assert.deepEqual(missing, []);
  });
});

for (const testCase of requestCases) {
  describe(testCase.title, () => {
    const whole = messageOf(testCase);
    const negotiated = negotiatedBy(testCase);

    it('decodes', () => {
      assert.deepEqual(
        { ...decodeRequest(whole, negotiated) },
        {
          opcode: Opcode[testCase.opcode],
          ...header,
          total_extlen: testCase.total_extlen ?? 0,
          extensions: [],
          ...testCase.fields,
        },
      );
    });

    it('prints', () => {
      const printed = printRequest(decodeRequest(whole, negotiated));
      const expected = `${testCase.opcode} unique=${header.unique} nodeid=${header.nodeid} pid=77 ${testCase.print}`;
      assert.equal(printed, expected.trimEnd());
    });

    it('fails when it is shorter, by any number of bytes', () => {
      for (let length = 0; length < whole.length; length++) {
        assert.equal(
          codeOf(() => decodeRequest(whole.subarray(0, length), negotiated)),
          length < 40 ? 'TRUNCATED' : 'LENGTH_MISMATCH',
          `${length} bytes read, len says ${whole.length}`,
        );
      }
      for (let length = 40; length < whole.length; length++) {
        if (length - 40 === testCase.wholeWithout) {
          assert.deepEqual(decodeRequest(withLength(whole, length), negotiated).extensions, []);
          continue;
        }
        const code = codeOf(() => decodeRequest(withLength(whole, length), negotiated));
        assert.ok(code === 'TRUNCATED' || code === 'LENGTH_MISMATCH', `${code} at ${length} bytes`);
      }
    });

    if (testCase.mayGrow) return;
    it('fails when bytes are left over', () => {
      for (const surplus of [1, 8, 40]) {
        const code = codeOf(() => decodeRequest(withLength(whole, whole.length + surplus), negotiated));
        assert.ok(code === 'TRUNCATED' || code === 'LENGTH_MISMATCH', code);
      }
    });
  });
}

describe('requests that contradict themselves', () => {
  const cases: readonly [string, Buffer, ProtocolErrorCode][] = [
    ['an opcode of a later protocol', message(54, zeros(8)), 'UNKNOWN_OPCODE'],
    ['FUSE_INIT of a big-endian kernel', message(436207616, zeros(16)), 'UNKNOWN_OPCODE'],
    ['an opcode that was dropped', message(7, zeros(0)), 'UNKNOWN_OPCODE'],
    ['an empty name', message(Opcode.FUSE_LOOKUP, cstring('')), 'BAD_NAME'],
    ['a name with a slash', message(Opcode.FUSE_LOOKUP, cstring('a/b')), 'BAD_NAME'],
    ['a name of 4096 bytes', message(Opcode.FUSE_LOOKUP, cstring('n'.repeat(4096))), 'BAD_NAME'],
    ['UNLINK of "."', message(Opcode.FUSE_UNLINK, cstring('.')), 'BAD_NAME'],
    ['UNLINK of ".."', message(Opcode.FUSE_UNLINK, cstring('..')), 'BAD_NAME'],
    ['MKDIR of ".."', message(Opcode.FUSE_MKDIR, bytes(zeros(8), cstring('..'))), 'BAD_NAME'],
    ['RENAME to "."', message(Opcode.FUSE_RENAME, bytes(u64(1), cstring('a'), cstring('.'))), 'BAD_NAME'],
    ['a symlink to nothing', message(Opcode.FUSE_SYMLINK, bytes(cstring('a'), cstring(''))), 'BAD_NAME'],
    [
      'an attribute name of 256 bytes',
      message(Opcode.FUSE_REMOVEXATTR, cstring('n'.repeat(256))),
      'BAD_NAME',
    ],
    ['an empty attribute name', message(Opcode.FUSE_REMOVEXATTR, cstring('')), 'BAD_NAME'],
    ['a name without NUL', message(Opcode.FUSE_LOOKUP, raw('abc')), 'TRUNCATED'],
    ['two names for LOOKUP', message(Opcode.FUSE_LOOKUP, cstring('a\0b')), 'LENGTH_MISMATCH'],
    ['FORGET 2^53 times', message(Opcode.FUSE_FORGET, u64(2n ** 53n)), 'BAD_VALUE'],
    [
      'RENAME into node 2^64-1',
      message(Opcode.FUSE_RENAME, bytes(u64(2n ** 64n - 1n), cstring('a'), cstring('b'))),
      'BAD_VALUE',
    ],
    ['READ at 2^63-1', message(Opcode.FUSE_READ, bytes(u64(1), u64(2n ** 63n - 1n), zeros(24))), 'BAD_VALUE'],
    [
      'SETATTR to a time beyond 2^53',
      message(Opcode.FUSE_SETATTR, bytes(zeros(32), u64(2n ** 62n), zeros(48))),
      'BAD_VALUE',
    ],
    [
      'SETATTR to a time before -2^53',
      message(Opcode.FUSE_SETATTR, bytes(zeros(32), u64(2n ** 63n), zeros(48))),
      'BAD_VALUE',
    ],
    [
      'WRITE of more than it brings',
      message(Opcode.FUSE_WRITE, bytes(zeros(16), u32(9), zeros(20), raw('8 bytes.'))),
      'TRUNCATED',
    ],
    [
      'WRITE of less than it brings',
      message(Opcode.FUSE_WRITE, bytes(zeros(16), u32(7), zeros(20), raw('8 bytes.'))),
      'LENGTH_MISMATCH',
    ],
    [
      'WRITE of 2^32-1 bytes',
      message(Opcode.FUSE_WRITE, bytes(zeros(16), u32(0xffff_ffff), zeros(20))),
      'TRUNCATED',
    ],
    [
      '2^32-1 forgets',
      message(Opcode.FUSE_BATCH_FORGET, bytes(u32(0xffff_ffff), zeros(4 + 16))),
      'LENGTH_MISMATCH',
    ],
    [
      'INIT_EXT in 16 bytes',
      message(Opcode.FUSE_INIT, bytes(u32(7), u32(45), u32(0), u32(1 << 30))),
      'TRUNCATED',
    ],
    [
      'extensions longer than the message',
      message(Opcode.FUSE_MKDIR, bytes(zeros(8), cstring('a')), 2),
      'LENGTH_MISMATCH',
    ],
    [
      'an extension of 0 bytes',
      message(Opcode.FUSE_MKDIR, bytes(zeros(8), cstring('a'), u32(0), u32(32)), 1),
      'LENGTH_MISMATCH',
    ],
    [
      'an extension of 12 bytes',
      message(Opcode.FUSE_MKDIR, bytes(zeros(8), cstring('a'), u32(12), u32(32), zeros(8)), 2),
      'LENGTH_MISMATCH',
    ],
    [
      'an extension past the end',
      message(Opcode.FUSE_MKDIR, bytes(zeros(8), cstring('a'), u32(24), u32(32), zeros(8)), 2),
      'LENGTH_MISMATCH',
    ],
  ];
  for (const [title, whole, code] of cases) {
    it(`${title}: ${code}`, () => {
      assert.equal(
        codeOf(() => decodeRequest(whole)),
        code,
      );
    });
  }

  it('leave unique and opcode to answer with', () => {
    assert.throws(() => decodeRequest(message(54, zeros(8))), {
      code: 'UNKNOWN_OPCODE',
      unique: header.unique,
      opcode: 54,
    });
  });

  it('have neither when not even they arrived', () => {
    assert.throws(() => decodeRequest(raw('15 bytes, no id')), {
      code: 'TRUNCATED',
      unique: undefined,
      opcode: undefined,
    });
  });
});

describe('forms that depend on more than the opcode', () => {
  it('INIT of another major version gives the version only', () => {
    const request = decodeRequest(message(Opcode.FUSE_INIT, bytes(u32(8), u32(3), junk(100))));
    assert.ok(request.opcode === Opcode.FUSE_INIT);
    const { major, minor, max_readahead, flags, flags2 } = request;
    assert.deepEqual([major, minor, max_readahead, flags, flags2], [8, 3, 0, 0, 0]);
  });

  it('INIT may have grown by fields of a later minor version', () => {
    const args = bytes(u32(7), u32(99), u32(0), u32(1 << 30), u32(5), zeros(44), junk(64));
    const request = decodeRequest(message(Opcode.FUSE_INIT, args));
    assert.ok(request.opcode === Opcode.FUSE_INIT);
    assert.deepEqual([request.minor, request.flags2], [99, 5]);
  });

  it('a handler of one opcode knows the fields without asking again', () => {
    const bytesAsked = (request: RequestOf<typeof Opcode.FUSE_READDIR>): number => request.size;
    const request = decodeRequest(message(Opcode.FUSE_READDIR, bytes(zeros(16), u32(4096), zeros(20))));
    assert.ok(request.opcode === Opcode.FUSE_READDIR);
    assert.equal(bytesAsked(request), 4096);
  });

  it('a name of 4095 bytes is the longest that the kernel sends', () => {
    const request = decodeRequest(message(Opcode.FUSE_LOOKUP, cstring('n'.repeat(4095))));
    assert.ok(request.opcode === Opcode.FUSE_LOOKUP);
    assert.equal(request.name.length, 4095);
  });
});
