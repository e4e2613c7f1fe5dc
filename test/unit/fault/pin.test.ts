import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { checkFault } from '../../../src/fault/check-fault.js';
import { describeFault, parseFaultWords } from '../../../src/fault/describe.js';
import { FaultTable } from '../../../src/fault/table.js';
import { Opcode } from '../../../src/protocol/opcode.js';
import { subjectOf } from './subject-of.js';

describe('the action pin', () => {
  it('is for WRITE, named or not', () => {
    const fault = { match: { opcodes: ['FUSE_WRITE'] }, action: { type: 'pin' } };
    assert.deepEqual(parseFaultWords(['pin']), fault);
    assert.deepEqual(parseFaultWords(['pin', 'write']), fault);
    assert.deepEqual(checkFault({ action: { type: 'pin' } }), fault);
    assert.equal(describeFault(parseFaultWords(['pin', 'write', 'nth=3'])), 'pin WRITE nth=3');
  });

  for (const opcode of ['read', 'fsync', 'lookup']) {
    it(`refuses ${opcode}, and says what it is for`, () => {
      assert.throws(
        () => parseFaultWords(['pin', opcode]),
        (error) => error instanceof UsageError && /pin is for WRITE only/.test(error.message),
      );
    });
  }

  it('takes no argument', () => {
    assert.throws(() => checkFault({ action: { type: 'pin', distribution: 'fixed:1s' } }), UsageError);
  });

  it('decides to pin', () => {
    const table = new FaultTable(0);
    const { id } = table.add(parseFaultWords(['pin', 'path=/dir/**']));
    const decision = table.decide(subjectOf());
    assert.deepEqual(decision, { kind: 'pin', faultId: id, reason: 'fault 1: pin WRITE path=/dir/**' });
    assert.deepEqual(table.decide(subjectOf({ opcode: Opcode.FUSE_READ })), { kind: 'pass' });
  });

  it('is in the table from its addition to its removal', () => {
    const table = new FaultTable(0);
    table.add(parseFaultWords(['hold', 'write']));
    assert.equal(table.has('pin'), false);
    const { id } = table.add(parseFaultWords(['pin']));
    assert.equal(table.has('pin'), true);
    table.remove(id);
    assert.equal(table.has('pin'), false);
    assert.equal(table.has('hold'), true);
  });
});
