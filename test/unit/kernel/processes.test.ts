import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listPids, tasksInState } from '../../../src/kernel/processes.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

const stat = (pid: number, state: string) =>
  `${pid} (w k) ${state} 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 77 0 0\n`;

test('every task in the state is found with where it waits, in whatever thread it is', (t) => {
  const root = fakeRoot(t, {
    '/proc/100/task/100/stat': stat(100, 'S'),
    '/proc/100/task/101/stat': stat(101, 'D'),
    '/proc/100/task/101/wchan': 'folio_wait_bit_common',
    '/proc/100/task/101/stack': '[<0>] folio_wait_bit_common+0x1/0x2\n[<0>] folio_wait_writeback+0x8/0x10\n',
    '/proc/20/task/20/stat': stat(20, 'D'),
    '/proc/30/comm': 'ended\n',
    '/proc/sys/x': '',
  });
  assert.deepEqual(listPids(root), [20, 30, 100]);
  assert.deepEqual(tasksInState('D', root), [
    { pid: 20, tid: 20, comm: 'w k', state: 'D', starttime: 77 },
    {
      pid: 100,
      tid: 101,
      comm: 'w k',
      state: 'D',
      starttime: 77,
      wchan: 'folio_wait_bit_common',
      stack: [
        { symbol: 'folio_wait_bit_common', offset: 1, size: 2 },
        { symbol: 'folio_wait_writeback', offset: 8, size: 16 },
      ],
    },
  ]);
  assert.deepEqual(
    tasksInState('D', root, [20, 31]).map((task) => task.tid),
    [20],
  );
  assert.deepEqual(tasksInState('Z', root), []);
});

test('a stat that cannot be understood is not passed over', (t) => {
  const root = fakeRoot(t, { '/proc/1/task/1/stat': 'junk' });
  assert.throws(
    () => tasksInState('D', root),
    kernelFileError('KERNEL_FILE_MALFORMED', { file: '/proc/1/task/1/stat' }),
  );
});
