/** The same seed and the same requests in the same order: the same decisions, whatever the actions. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actionTypes } from '../../../src/fault/actions.js';
import { parseFaultWords } from '../../../src/fault/describe.js';
import { faultableOpcodes } from '../../../src/fault/opcode-spec.js';
import { seededRandom } from '../../../src/fault/random.js';
import { FaultTable } from '../../../src/fault/table.js';
import { Opcode, type OpcodeName } from '../../../src/protocol/opcode.js';
import { subjectOf } from './subject-of.js';

const faults = [
  'fail EIO read,write probability=0.1',
  'short 30% read probability=0.2',
  'short 512 write every=7',
  'never lookup probability=0.05',
  'pin write nodeid=4 probability=0.1',
  'hold any path=/a/** probability=0.1',
  'delay uniform:1ms-50ms write probability=0.3',
  'delay normal:10ms,5ms read probability=0.3',
  'delay exponential:20ms getattr',
  'delay rate:1M read,write',
  'delay fixed:1ms any nth=100',
];

/** Requests such as a workload makes them, from a stream of their own. */
function subjects(count: number) {
  const random = seededRandom(99, 99);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.nextFloat() * items.length)] as T;
  let arrivedMs = 0;
  return Array.from({ length: count }, () => {
    arrivedMs += random.nextFloat() * 3;
    return subjectOf({
      opcode: Opcode[pick<OpcodeName>(['FUSE_READ', 'FUSE_WRITE', 'FUSE_GETATTR', ...faultableOpcodes])],
      nodeid: pick([2, 3, 4]),
      path: pick(['/a/x', '/b', undefined]),
      offset: pick([0, 4096]),
      size: pick([100, 4096, undefined]),
      arrivedMs,
    });
  });
}

function play(seed: number) {
  const table = new FaultTable(seed);
  for (const words of faults) table.add(parseFaultWords(words.split(' ')));
  return subjects(5000).map((subject) => table.decide(subject));
}

describe('a run can be played again', () => {
  it('with every action', () => {
    const decisions = play(7);
    assert.deepEqual(play(7), decisions);
    const kinds = new Set(decisions.map(({ kind }) => kind));
    for (const type of actionTypes) assert.ok(kinds.has(type), `no ${type} in the run`);
    assert.ok(kinds.has('pass'));
  });

  it('another seed is another run', () => {
    assert.notDeepEqual(play(7), play(8));
  });
});
