import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { checkFault } from '../../../src/fault/check-fault.js';

const hold = { type: 'hold' };
const matching = (match: unknown): unknown => ({ match, action: hold });
const failing = (errno: unknown): unknown => ({ action: { type: 'fail', errno } });
const shortOf = (how: object): unknown => ({ action: { type: 'short', ...how } });
const delayed = (distribution: unknown): unknown => ({ action: { type: 'delay', distribution } });

describe('checkFault', () => {
  it('gives the normal form', () => {
    assert.deepEqual(checkFault({ action: hold }), { match: {}, action: hold });
    assert.deepEqual(
      checkFault(
        matching({ opcodes: ['write', 'READ', 'FUSE_WRITE'], path: 'dir/**', range: { start: 0, end: 1 } }),
      ),
      {
        match: { opcodes: ['FUSE_WRITE', 'FUSE_READ'], path: '/dir/**', range: { start: 0, end: 1 } },
        action: hold,
      },
    );
  });

  it('leaves the normal form as it is', () => {
    for (const path of ['!a', '!(a)', './x/*', '**/*.log', '{a,b}']) {
      const once = checkFault(matching({ opcodes: ['write', 'write'], path }));
      assert.deepEqual(checkFault(once), once);
    }
  });

  const bad: [unknown, string, RegExp][] = [
    [undefined, 'fault', /\(not given\): is required: give an object/],
    [[], 'fault', /\[\]: give an object/],
    ['hold', 'fault', /"hold": give an object/],
    [{}, 'action', /\(not given\): is required: give an object/],
    [{ action: {} }, 'action.type', /\(not given\): give one of hold, delay/],
    [{ action: { type: 'explode' } }, 'action.type', /"explode": give one of hold, delay/],
    [{ action: { type: 'hold', forMs: 5 } }, 'action.forMs', /5: is not a field here; known: type/],
    [{ action: hold, extra: 1 }, 'extra', /1: is not a field here; known: match, action/],
    [{ action: { type: 'delay' } }, 'action.distribution', /\(not given\)/],
    [delayed({ kind: 'pareto' }), 'action.distribution.kind', /"pareto": give one of fixed, uniform, normal/],
    [delayed({ kind: 'fixed', ms: -1 }), 'action.distribution.ms', /-1: give at least 0$/],
    [delayed({ kind: 'fixed', ms: Number.NaN }), 'action.distribution.ms', /"NaN": give a number/],
    [delayed({ kind: 'fixed', ms: Infinity }), 'action.distribution.ms', /"Infinity": give a number/],
    [delayed({ kind: 'fixed', ms: 1e12 }), 'action.distribution.ms', /give at most 86400000$/],
    [delayed({ kind: 'fixed', ms: '5ms' }), 'action.distribution.ms', /"5ms": give a number/],
    [
      delayed({ kind: 'uniform', minMs: 5, maxMs: 1 }),
      'action.distribution.maxMs',
      /1: must not be below minMs/,
    ],
    [
      delayed({ kind: 'rate', bytesPerSecond: 0 }),
      'action.distribution.bytesPerSecond',
      /0: give at least 1$/,
    ],
    [delayed({ kind: 'exponential' }), 'action.distribution.meanMs', /is required: give a number/],
    [failing('ENOTHING'), 'action.errno', /"ENOTHING": give the name of an errno, such as EIO/],
    [failing(undefined), 'action.errno', /\(not given\): give the name of an errno/],
    [failing(5), 'action.errno', /5: give the name of an errno/],
    [shortOf({}), 'action.bytes', /give either bytes or percent/],
    [shortOf({ bytes: 1, percent: 1 }), 'action.bytes', /1: give either bytes or percent/],
    [shortOf({ bytes: -1 }), 'action.bytes', /-1: give at least 0/],
    [shortOf({ percent: 100 }), 'action.percent', /100: give less than 100/],
    [
      { match: { opcodes: ['read', 'lookup'] }, action: { type: 'short', bytes: 1 } },
      'match.opcodes[1]',
      /"lookup": the action short is for READ and WRITE only/,
    ],
    [{ action: { type: 'never', forMs: 5 } }, 'action.forMs', /5: is not a field here; known: type/],
    [matching({ opcodes: 'write' }), 'match.opcodes', /"write": give a list/],
    [matching({ opcodes: [] }), 'match.opcodes', /give at least 1 of them/],
    [matching({ opcodes: ['read', 'wirte'] }), 'match.opcodes[1]', /"wirte": is not an opcode; known: /],
    [matching({ opcodes: ['INIT'] }), 'match.opcodes[0]', /makes or ends the connection/],
    [matching({ opcodes: ['FUSE_DESTROY'] }), 'match.opcodes[0]', /makes or ends the connection/],
    [matching({ opcodes: [16] }), 'match.opcodes[0]', /16: give a text/],
    [matching({ path: '/a/[b' }), 'match.path', /"\/a\/\[b": is not a glob: Missing closing/],
    [matching({ path: '' }), 'match.path', /"": give at least 1 characters/],
    [matching({ nodeid: 0 }), 'match.nodeid', /0: give at least 1/],
    [matching({ nodeid: 2 ** 53 }), 'match.nodeid', /give at most 9007199254740991/],
    [matching({ range: { start: -1 } }), 'match.range.start', /-1: give at least 0/],
    [matching({ range: { start: 1.5 } }), 'match.range.start', /1.5: give a whole number/],
    [matching({ range: { start: 1n } }), 'match.range.start', /1: give a number|1: give a whole number/],
    [matching({ range: { start: 8, end: 8 } }), 'match.range.end', /8: must be above start/],
    [matching({ nth: 0 }), 'match.nth', /0: give at least 1/],
    [matching({ nth: 1e10 }), 'match.nth', /give at most 1000000000/],
    [matching({ nth: 1, every: 2 }), 'match.every', /2: give nth or every, not both/],
    [matching({ probability: 0 }), 'match.probability', /0: give more than 0/],
    [matching({ probability: 1.01 }), 'match.probability', /1.01: give at most 1/],
    [matching({ probability: Number.NaN }), 'match.probability', /"NaN"/],
  ];
  for (const [input, field, line] of bad)
    it(`names ${field}: ${line.source}`, () => {
      assert.throws(
        () => checkFault(input),
        (error) => {
          assert.ok(error instanceof UsageError, String(error));
          assert.equal(error.field, field);
          assert.match(error.message, line);
          assert.ok(!error.message.includes('\n'));
          return true;
        },
      );
    });

  it('reports a value that JSON cannot show', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    assert.throws(() => checkFault(matching(cycle)), /match: "a list of 1": give an object/);
  });
});
