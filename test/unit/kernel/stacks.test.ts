import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listTasks, parseStack, parseWchan, readTaskStacks, readWchan } from '../../../src/kernel/stacks.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

test('a stack of 6.18, innermost first', () => {
  const frames = parseStack(fixture('stack-6.18'));
  assert.equal(frames[0]?.symbol, 'proc_pid_stack');
  assert.equal(frames.at(-1)?.symbol, 'entry_SYSCALL_64_after_hwframe');
  assert.deepEqual(frames.at(-1), { symbol: 'entry_SYSCALL_64_after_hwframe', offset: 0x76, size: 0x7e });
});

test('modules, build ids, compiler suffixes and nameless addresses', () => {
  assert.deepEqual(
    parseStack(
      '[<0>] folio_wait_writeback+0x8/0x10\n' +
        '[<0>] fuse_writepages+0x1f/0x2b0 [fuse]\n' +
        '[<0>] fuse_flush+0x1/0x2 [fuse 8d1e2a4b]\n' +
        '[<0>] migrate_pages_batch.isra.0+0x2a/0xb90\n' +
        '[<0>] 0xffffffffc0123456\n' +
        '[<ffffffff81234567>] sys_read+0x10/0x20\n' +
        '[<ffffffffffffffff>] 0xffffffffffffffff\n',
    ),
    [
      { symbol: 'folio_wait_writeback', offset: 8, size: 16 },
      { symbol: 'fuse_writepages', offset: 0x1f, size: 0x2b0, module: 'fuse' },
      { symbol: 'fuse_flush', offset: 1, size: 2, module: 'fuse' },
      { symbol: 'migrate_pages_batch.isra.0', offset: 0x2a, size: 0xb90 },
      { symbol: '0xffffffffc0123456' },
      { symbol: 'sys_read', offset: 0x10, size: 0x20 },
    ],
  );
});

test('an empty stack is empty, and another line is malformed', () => {
  assert.deepEqual(parseStack(''), []);
  assert.throws(
    () => parseStack('[<0>] a+0x1/0x2\nCall Trace:\n'),
    kernelFileError('KERNEL_FILE_MALFORMED', { line: 2 }),
  );
});

test('every task of a process has its stack; a task without one has ended', (t) => {
  const root = fakeRoot(t, {
    '/proc/9/task/9/stack': '[<0>] ep_poll+0x1/0x2\n',
    '/proc/9/task/10/stack': '[<0>] folio_wait_writeback+0x8/0x10\n',
    '/proc/9/task/11/comm': 'gone\n',
    '/proc/9/task/10/wchan': 'folio_wait_writeback',
    '/proc/9/wchan': '0',
  });
  assert.deepEqual(
    listTasks(9, root).sort((a, b) => a - b),
    [9, 10, 11],
  );
  const stacks = readTaskStacks(9, root).sort((a, b) => a.tid - b.tid);
  assert.deepEqual(
    stacks.map(({ tid, frames }) => [tid, frames[0]?.symbol]),
    [
      [9, 'ep_poll'],
      [10, 'folio_wait_writeback'],
    ],
  );
  assert.equal(readWchan(9, root, 10), 'folio_wait_writeback');
  assert.equal(readWchan(9, root), undefined);
  assert.throws(() => listTasks(8, root), kernelFileError('KERNEL_FILE_UNREADABLE', { errno: 2 }));
});

test('a wchan of nothing, or of 0, is no function', () => {
  assert.equal(parseWchan('0'), undefined);
  assert.equal(parseWchan(''), undefined);
  assert.equal(parseWchan('folio_wait_bit_common\n'), 'folio_wait_bit_common');
});
