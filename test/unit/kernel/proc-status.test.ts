import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPendingSignal, parseProcStatus, readProcStatus } from '../../../src/kernel/proc-status.js';
import { fixture, kernelFileError } from './fixtures.js';

const text = fixture('status-6.18');

test('a status of 6.18', () => {
  const { pid, tgid, ppid, ...status } = parseProcStatus(text);
  assert.equal(pid, tgid);
  assert.ok(ppid > 0);
  assert.deepEqual(status, {
    name: 'cat',
    state: 'R',
    uids: [0, 0, 0, 0],
    capEff: 0x1fffeffffffn,
    sigPnd: 0n,
    shdPnd: 0n,
  });
});

test('a signal is pending for the task or for the process, and its neighbours are not', () => {
  const killed = parseProcStatus(text.replace(/^ShdPnd:\t.*/m, 'ShdPnd:\t0000000000000100'));
  assert.equal(hasPendingSignal(killed, 9), true);
  assert.equal(hasPendingSignal(killed, 8), false);
  assert.equal(hasPendingSignal(killed, 10), false);
  const last = parseProcStatus(text.replace(/^SigPnd:\t.*/m, 'SigPnd:\t8000000000000000'));
  assert.equal(hasPendingSignal(last, 64), true);
  assert.equal(hasPendingSignal(last, 9), false);
});

test('names with blanks are kept, and the user ids are told apart', () => {
  const status = parseProcStatus(
    text.replace('Name:\tcat', 'Name:\ta b: c').replace(/^Uid:.*/m, 'Uid:\t1\t2\t3\t4'),
  );
  assert.equal(status.name, 'a b: c');
  assert.deepEqual(status.uids, [1, 2, 3, 4]);
});

test('a line that is missing or odd is malformed', () => {
  for (const bad of [
    text.replace(/^CapEff:.*\n/m, ''),
    text.replace(/^SigPnd:.*/m, 'SigPnd:\tnone'),
    text.replace(/^Uid:.*/m, 'Uid:\t0\t0'),
    text.replace(/^State:.*/m, 'State:\t?'),
    `${text}junk\n`,
    '',
  ]) {
    assert.throws(() => parseProcStatus(bad), kernelFileError('KERNEL_FILE_MALFORMED'));
  }
});

test('this very process is read', () => {
  assert.equal(readProcStatus('self').pid, process.pid);
  assert.equal(readProcStatus('self').uids[1], process.geteuid?.());
});
