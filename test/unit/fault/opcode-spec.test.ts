import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { faultableOpcodes, parseOpcodeList } from '../../../src/fault/opcode-spec.js';
import { Opcode } from '../../../src/protocol/opcode.js';

describe('faultableOpcodes', () => {
  it('leaves out the six that have no reply or make the connection, and no other', () => {
    const out = Object.keys(Opcode).filter((name) => !(faultableOpcodes as readonly string[]).includes(name));
    assert.deepEqual(out.sort(), [
      'FUSE_BATCH_FORGET',
      'FUSE_DESTROY',
      'FUSE_FORGET',
      'FUSE_INIT',
      'FUSE_INTERRUPT',
      'FUSE_NOTIFY_REPLY',
    ]);
  });
});

describe('parseOpcodeList', () => {
  it('takes any case and the prefix, each opcode once, in order', () => {
    assert.deepEqual(parseOpcodeList('opcodes', 'write, READ,FUSE_WRITE,fuse_open'), [
      'FUSE_WRITE',
      'FUSE_READ',
      'FUSE_OPEN',
    ]);
  });

  const bad: [string, string, RegExp][] = [
    ['write,wirte', 'wirte', /is not an opcode; known: lookup, .*write/],
    ['', '', /is not an opcode/],
    ['write,', '', /is not an opcode/],
    ['__proto__', '__proto__', /is not an opcode/],
    ['init', 'init', /cannot be faulted/],
    ['FUSE_DESTROY', 'FUSE_DESTROY', /cannot be faulted/],
    ['forget', 'forget', /no reply/],
    ['interrupt', 'interrupt', /no reply/],
  ];
  for (const [text, value, remedy] of bad)
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseOpcodeList('opcodes', text),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.equal(error.value, value);
          assert.match(error.remedy, remedy);
          return true;
        },
      );
    });
});
