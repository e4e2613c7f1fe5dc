/** The leash of a daemon that is guarded from outside: what is believed, and what its lines bring about. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { guardOf, OutsideGuard } from '../../../src/daemon/outside-guard.js';
import { eventually } from '../../support/eventually.js';

describe('guardOf', () => {
  test('takes a pid, and null for none', () => {
    assert.equal(guardOf('{"guardedBy":17}'), 17);
    assert.equal(guardOf('{"guardedBy":null}'), null);
  });

  for (const line of [
    '',
    'x',
    '17',
    'null',
    '{}',
    '{"guardedBy":0}',
    '{"guardedBy":-1}',
    '{"guardedBy":"1"}',
  ]) {
    test(`takes nothing from ${JSON.stringify(line)}`, () => assert.equal(guardOf(line), undefined));
  }
});

function guarded() {
  const leash = new PassThrough();
  const heard: string[] = [];
  const guard = new OutsideGuard(leash, {
    lost: () => heard.push('lost'),
    ended: () => heard.push('ended'),
  });
  return { leash, heard, guard };
}

describe('OutsideGuard', () => {
  test('knows no watchdog until one is named, and none any more once it is lost', async () => {
    const { leash, heard, guard } = guarded();
    assert.equal(guard.pid, null);
    leash.write('{"guardedBy":null}\n');
    leash.write('{"guardedBy":17}\n');
    await eventually('a watchdog', 5000, () => guard.pid === 17);
    assert.deepEqual(heard, []);
    leash.write('{"guardedBy":null}\n');
    await eventually('the loss', 5000, () => heard.length > 0);
    assert.equal(guard.pid, null);
    assert.deepEqual(heard, ['lost']);
  });

  test('hears the end of the leash', async () => {
    const { leash, heard } = guarded();
    leash.end('{"guardedBy":17}\n');
    await eventually('the end', 5000, () => heard.includes('ended'));
    assert.deepEqual(heard, ['ended']);
  });
});
