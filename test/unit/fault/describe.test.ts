import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../../src/base/errors.js';
import { checkFault } from '../../../src/fault/check-fault.js';
import { describeFault, faultToWords, parseFaultWords, parseRange } from '../../../src/fault/describe.js';
import type { FaultInput } from '../../../src/fault/fault.js';

const line = (input: FaultInput): string => describeFault(checkFault(input));

describe('describeFault', () => {
  const cases: [FaultInput, string][] = [
    [{ action: { type: 'hold' } }, 'hold any'],
    [
      {
        match: { opcodes: ['write'], path: '/a/**', range: { start: 0, end: 1_048_576 }, nth: 3 },
        action: { type: 'hold' },
      },
      'hold WRITE path=/a/** range=0-1048576 nth=3',
    ],
    [
      {
        match: { opcodes: ['read', 'write'], range: { start: 4096 }, every: 2, probability: 0.5, nodeid: 7 },
        action: { type: 'delay', distribution: { kind: 'normal', meanMs: 100, stddevMs: 20 } },
      },
      'delay normal:100ms,20ms READ,WRITE nodeid=7 range=4096- every=2 probability=0.5',
    ],
    [
      { action: { type: 'delay', distribution: { kind: 'rate', bytesPerSecond: 10 << 20 } } },
      'delay rate:10M any',
    ],
    [
      { action: { type: 'delay', distribution: { kind: 'exponential', meanMs: 5 } } },
      'delay exponential:5ms any',
    ],
    [{ match: { opcodes: ['fsync'] }, action: { type: 'fail', errno: 'EIO' } }, 'fail EIO FSYNC'],
    [{ action: { type: 'short', bytes: 65_536 } }, 'short 64K READ,WRITE'],
    [{ match: { opcodes: ['read'] }, action: { type: 'short', percent: 12.5 } }, 'short 12.5% READ'],
    [{ match: { nth: 1 }, action: { type: 'never' } }, 'never any nth=1'],
    [{ match: { path: '/a b\n' }, action: { type: 'hold' } }, 'hold any "path=/a b\\n"'],
  ];
  for (const [input, expected] of cases) it(expected, () => assert.equal(line(input), expected));
});

describe('parseFaultWords', () => {
  it('reads units, and opcodes in any place after the action', () => {
    assert.deepEqual(parseFaultWords(['hold', 'path=a/**', 'write,read', 'range=4K-1M', 'nth=3']), {
      match: {
        opcodes: ['FUSE_WRITE', 'FUSE_READ'],
        path: '/a/**',
        range: { start: 4096, end: 1_048_576 },
        nth: 3,
      },
      action: { type: 'hold' },
    });
    assert.deepEqual(parseFaultWords(['delay', 'fixed:2s']).action, {
      type: 'delay',
      distribution: { kind: 'fixed', ms: 2000 },
    });
  });

  it('reads an action whatever its case, and a rate with or without its unit of time', () => {
    assert.deepEqual(parseFaultWords(['FAIL', 'eio', 'write']), parseFaultWords(['fail', 'EIO', 'WRITE']));
    assert.deepEqual(parseFaultWords(['delay', 'rate:1K/s']), parseFaultWords(['delay', 'rate:1024']));
  });

  it('reads back every share and size of a short', () => {
    const how = fc.oneof(
      fc.record({ bytes: fc.nat() }),
      fc.record({ percent: fc.double({ min: 0, max: 100, maxExcluded: true, noNaN: true }) }),
    );
    fc.assert(
      fc.property(how, (short) => {
        const fault = checkFault({ match: { opcodes: ['read'] }, action: { type: 'short', ...short } });
        assert.deepEqual(parseFaultWords(faultToWords(fault)), fault);
      }),
    );
  });

  it('reads back what faultToWords writes', () => {
    const match = fc.record(
      {
        opcodes: fc.subarray(['read', 'write', 'fsync'], { minLength: 1 }),
        path: fc.constantFrom('/a/**', '**/x=y', '/a b', '!/c'),
        nodeid: fc.integer({ min: 1 }),
        range: fc
          .tuple(fc.nat(), fc.option(fc.integer({ min: 1 }), { nil: undefined }))
          .map(([start, length]) => (length === undefined ? { start } : { start, end: start + length })),
        every: fc.integer({ min: 1, max: 1_000_000_000 }),
        probability: fc.double({ min: 1e-12, max: 1, noNaN: true }),
      },
      { requiredKeys: [] },
    );
    const action = fc.constantFrom<FaultInput['action']>(
      { type: 'hold' },
      { type: 'delay', distribution: { kind: 'uniform', minMs: 0.5, maxMs: 10 } },
      { type: 'delay', distribution: { kind: 'exponential', meanMs: 0.25 } },
      { type: 'delay', distribution: { kind: 'rate', bytesPerSecond: 3000 } },
      { type: 'fail', errno: 'EWOULDBLOCK' },
      { type: 'never' },
    );
    fc.assert(
      fc.property(match, action, (match, action) => {
        const fault = checkFault({ match, action });
        assert.deepEqual(parseFaultWords(faultToWords(fault)), fault);
      }),
    );
  });

  const bad: [string[], string, RegExp][] = [
    [[], 'fault', /\(not given\): give an action first: hold, delay/],
    [['write'], 'fault', /"write": give an action first/],
    [['delay'], 'delay', /give fixed:100ms/],
    [['delay', 'write'], 'delay', /"write": give fixed:100ms/],
    [['delay', 'rate:0', 'write'], 'delay', /"rate:0": give at least 1 byte\/s/],
    [['delay', 'rate:fast'], 'delay', /give whole bytes/],
    [['delay', 'pareto:1ms'], 'delay', /give fixed:100ms.*exponential:100ms.*rate:10M/],
    [['fail'], 'fail', /\(not given\): give the name of an errno, such as EIO/],
    [['fail', 'write'], 'fail', /"write": give the name of an errno/],
    [['fail', 'constructor'], 'fail', /give the name of an errno/],
    [['fail', '5'], 'fail', /give the name of an errno/],
    [['short'], 'short', /give bytes \(4096, 64K\) or a share/],
    [['short', 'read'], 'short', /"read": give bytes/],
    [['short', '4x'], 'short', /"4x": give whole bytes/],
    [['short', '100%'], 'action.percent', /100: give less than 100/],
    [['short', '10', 'open'], 'match.opcodes[0]', /"FUSE_OPEN": the action short is for READ and WRITE only/],
    [['explode'], 'fault', /"explode": give an action first: hold, delay, fail, short, never/],
    [['hold', 'wirte'], 'opcodes', /is not an opcode/],
    [['hold', 'write', 'read'], 'opcodes', /is given twice/],
    [['hold', 'any', 'read'], 'opcodes', /is given twice/],
    [['hold', 'nth=1', 'nth=1'], 'nth', /is given twice/],
    [['hold', 'size=1'], 'size', /is not a condition; known: path, nodeid, range, nth, every, probability/],
    [['hold', 'constructor=1'], 'constructor', /is not a condition/],
    [['hold', 'nth=-1'], 'nth', /"-1": give a number/],
    [['hold', 'nth='], 'nth', /"": give a number/],
    [['hold', 'nth=NaN'], 'nth', /"NaN": give a number/],
    [['hold', 'nth=1.5'], 'match.nth', /1.5: give a whole number/],
    [['hold', `nodeid=${'9'.repeat(30)}`], 'match.nodeid', /give a whole number|give at most/],
    [['hold', 'path=/['], 'match.path', /is not a glob/],
  ];
  for (const [words, field, message] of bad)
    it(`refuses ${JSON.stringify(words.join(' '))}`, () => {
      assert.throws(
        () => parseFaultWords(words),
        (error) => {
          assert.ok(error instanceof UsageError, String(error));
          assert.equal(error.field, field);
          assert.match(error.message, message);
          return true;
        },
      );
    });
});

describe('parseRange', () => {
  for (const text of ['', '5', '-', '-5', '1-2-3', '5-5', '1M-1K', 'a-b', '0-99999999999999999999'])
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseRange('range', text), UsageError);
    });
});
