import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameProcess, parseProcStat, readProcStat } from '../../../src/kernel/proc-stat.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

const line = (comm: string, state = 'D', flags = 4194560, starttime = 121158) =>
  `5225 (${comm}) ${state} 5223 5221 -1 0 -1 ${flags} 100 0 0 0 0 0 0 0 20 0 3 0 ${starttime} 3133440 380 ` +
  '18446744073709551615 0 0 0 0 0 0 0 0 0 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n';

test('a line of 6.18', () => {
  const stat = parseProcStat(fixture('stat-6.18'));
  assert.equal(stat.comm, 'cat');
  assert.equal(stat.state, 'R');
  assert.equal(stat.numThreads, 1);
  assert.equal(stat.exiting, false);
});

test('every field lands where proc_pid_stat(5) says', () => {
  assert.deepEqual(parseProcStat(line('node')), {
    pid: 5225,
    comm: 'node',
    state: 'D',
    ppid: 5223,
    pgrp: 5221,
    session: -1,
    flags: 4194560,
    exiting: false,
    numThreads: 3,
    starttime: 121158,
  });
  assert.equal(parseProcStat(line('node', 'Z', 4194564)).exiting, true);
});

test('a command with blanks, parentheses and digits does not shift the fields', () => {
  for (const comm of [') R 1 (', 'a b) S 1 2', '((', 'x)\ny', '']) {
    const stat = parseProcStat(line(comm));
    assert.equal(stat.comm, comm);
    assert.equal(stat.ppid, 5223);
  }
});

test('a line that is cut off, or no such line, is malformed', () => {
  for (const bad of [
    '',
    '5225 cat R 1',
    '5225 (cat',
    '5225 (cat) R 1 2 3',
    'x (cat) R 1 1 1 0 0 0',
    line('cat', '?'),
  ]) {
    assert.throws(() => parseProcStat(bad), kernelFileError('KERNEL_FILE_MALFORMED', { line: 1 }));
  }
});

test('a pid that was used again, or is gone, is not the same process', (t) => {
  const root = fakeRoot(t, {
    '/proc/5225/stat': line('node'),
    '/proc/5225/task/5230/stat': line('worker', 'S'),
  });
  assert.equal(isSameProcess(5225, 121158, root), true);
  assert.equal(isSameProcess(5225, 121159, root), false);
  assert.equal(isSameProcess(5226, 121158, root), false);
  assert.equal(readProcStat(5225, root, 5230).state, 'S');
});

test('this very process is read, and is itself', () => {
  const stat = readProcStat('self');
  assert.equal(stat.pid, process.pid);
  assert.equal(stat.ppid, process.ppid);
  assert.equal(isSameProcess(process.pid, stat.starttime), true);
});
