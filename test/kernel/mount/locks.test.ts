/** Locks between processes on a real mount: record locks and flock, waiting, signals, circles. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { readProcStat } from '../../../src/kernel/proc-stat.js';
import { readStack } from '../../../src/kernel/stacks.js';
import { eventually } from '../../support/eventually.js';
import type { FileActor } from '../../support/file-actor.js';
import { onEachMount } from '../../support/mount-variants.js';

const { O_CREAT, O_RDWR } = constants;
/** <asm-generic/fcntl.h> */
const [F_SETLK, F_SETLKW] = [6, 7];
const [F_RDLCK, F_WRLCK, F_UNLCK] = [0, 1, 2];
const [LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN] = [1, 2, 4, 8];

/** A promise together with whether it has settled. */
function observed<T>(promise: Promise<T>): { readonly promise: Promise<T>; isSettled: boolean } {
  const seen = { promise, isSettled: false };
  const settle = (): void => {
    seen.isSettled = true;
  };
  promise.then(settle, settle);
  return seen;
}

onEachMount('locks on a mount', ({ mounted, isLacking }) => {
  /** Where a process sleeps that waits for a lock: for the server's answer, or in fs/locks.c. */
  const sleepsIn = isLacking('locks-of-the-server')
    ? ['fcntl_setlk', 'locks_lock_inode_wait']
    : ['request_wait_answer'];

  function waits(actor: FileActor): Promise<true> {
    return eventually('a process that waits for a lock', 10_000, () => {
      const { state } = readProcStat(actor.pid);
      return state !== 'R' && readStack(actor.pid).some(({ symbol }) => sleepsIn.includes(symbol));
    });
  }

  async function twoProcesses(context: TestContext) {
    const { place, actor: a, at } = await mounted(context);
    const b = place.actor();
    const [fdA, fdB] = [
      await a.ok('open', at('file'), O_CREAT | O_RDWR),
      await b.ok('open', at('file'), O_CREAT | O_RDWR),
    ];
    return { at, a, b, fdA, fdB };
  }

  test('record locks of two processes exclude each other byte by byte', async (context) => {
    const { a, b, fdA, fdB } = await twoProcesses(context);
    await a.ok('lock', fdA, F_SETLK, F_WRLCK, 0, 100);
    await b.refuses('EAGAIN', 'lock', fdB, F_SETLK, F_RDLCK, 99, 1);
    await b.ok('lock', fdB, F_SETLK, F_WRLCK, 100, 0);
    assert.deepEqual(await b.ok('getLock', fdB, F_WRLCK, 50, 1), { type: F_WRLCK, pid: a.pid });
    assert.deepEqual(await a.ok('getLock', fdA, F_RDLCK, 1_000_000, 1), { type: F_WRLCK, pid: b.pid });
    await a.ok('lock', fdA, F_SETLK, F_RDLCK, 0, 50);
    await b.ok('lock', fdB, F_SETLK, F_RDLCK, 0, 50);
    await a.refuses('EAGAIN', 'lock', fdA, F_SETLK, F_WRLCK, 10, 1);
    await a.ok('lock', fdA, F_SETLK, F_UNLCK, 0, 0);
    assert.deepEqual(await b.ok('getLock', fdB, F_WRLCK, 50, 50), { type: F_UNLCK, pid: 0 });
  });

  test('closing any descriptor of the file, or dying, gives record locks up', async (context) => {
    const { at, a, b, fdA, fdB } = await twoProcesses(context);
    await a.ok('lock', fdA, F_SETLK, F_WRLCK, 0, 0);
    const second = await a.ok('open', at('file'), O_RDWR);
    await b.refuses('EAGAIN', 'lock', fdB, F_SETLK, F_WRLCK, 0, 0);
    await a.ok('close', second);
    await b.ok('lock', fdB, F_SETLK, F_WRLCK, 0, 0);
    const waiting = a.do('lock', fdA, F_SETLKW, F_WRLCK, 0, 0);
    await waits(a);
    await b.end();
    assert.equal(await waiting, 0);
  });

  test('SETLKW waits until the lock is free', async (context) => {
    const { a, b, fdA, fdB } = await twoProcesses(context);
    await a.ok('lock', fdA, F_SETLK, F_WRLCK, 10, 10);
    const waiting = observed(b.do('lock', fdB, F_SETLKW, F_WRLCK, 15, 100));
    await waits(b);
    await a.ok('lock', fdA, F_SETLK, F_UNLCK, 10, 5);
    assert.ok(!waiting.isSettled, 'byte 15 is locked still');
    await a.ok('lock', fdA, F_SETLK, F_UNLCK, 15, 5);
    assert.equal(await waiting.promise, 0);
    await a.refuses('EAGAIN', 'lock', fdA, F_SETLK, F_WRLCK, 114, 1);
  });

  test('a signal interrupts the wait, and the lock is not taken later', async (context) => {
    const { a, b, fdA, fdB } = await twoProcesses(context);
    await b.ok('interruptible');
    await a.ok('lock', fdA, F_SETLK, F_WRLCK, 0, 0);
    const waiting = b.do('lock', fdB, F_SETLKW, F_WRLCK, 0, 0);
    await waits(b);
    b.kill('SIGUSR2');
    assert.equal(await waiting, -Errno.EINTR);
    await a.ok('lock', fdA, F_SETLK, F_UNLCK, 0, 0);
    assert.deepEqual(await a.ok('getLock', fdA, F_WRLCK, 0, 0), { type: F_UNLCK, pid: 0 });
  });

  test('a process that waits can be killed, and its wait is forgotten', async (context) => {
    const { a, b, fdA, fdB } = await twoProcesses(context);
    await a.ok('lock', fdA, F_SETLK, F_WRLCK, 0, 0);
    const waiting = b.do('lock', fdB, F_SETLKW, F_WRLCK, 0, 0);
    await waits(b);
    await Promise.all([assert.rejects(waiting), b.end()]);
    await a.ok('lock', fdA, F_SETLK, F_UNLCK, 0, 0);
    assert.deepEqual(await a.ok('getLock', fdA, F_WRLCK, 0, 0), { type: F_UNLCK, pid: 0 });
  });

  test('a circle of waits is refused with EDEADLK', async (context) => {
    const { a, b, fdA, fdB } = await twoProcesses(context);
    await a.ok('lock', fdA, F_SETLK, F_WRLCK, 0, 1);
    await b.ok('lock', fdB, F_SETLK, F_WRLCK, 1, 1);
    const waiting = a.do('lock', fdA, F_SETLKW, F_WRLCK, 1, 1);
    await waits(a);
    await b.refuses('EDEADLK', 'lock', fdB, F_SETLKW, F_WRLCK, 0, 1);
    await b.ok('lock', fdB, F_SETLK, F_UNLCK, 1, 1);
    assert.equal(await waiting, 0);
  });

  test('flock belongs to the open file: shared, exclusive, waiting, given up by the last close', async (context) => {
    const { at, a, b, fdA, fdB } = await twoProcesses(context);
    await a.ok('flock', fdA, LOCK_SH);
    await b.ok('flock', fdB, LOCK_SH);
    await b.refuses('EAGAIN', 'flock', fdB, LOCK_EX | LOCK_NB);
    await a.ok('flock', fdA, LOCK_UN);
    // A refused conversion has given the shared lock up (flock(2)).
    await a.ok('flock', fdA, LOCK_EX | LOCK_NB);
    const own = await a.ok('open', at('file'), O_RDWR);
    await a.refuses('EAGAIN', 'flock', own, LOCK_SH | LOCK_NB);
    // Record locks are another matter.
    await b.ok('lock', fdB, F_SETLK, F_WRLCK, 0, 0);
    const waiting = observed(b.do('flock', fdB, LOCK_EX));
    await waits(b);
    assert.ok(!waiting.isSettled);
    await a.ok('close', fdA);
    assert.equal(await waiting.promise, 0);
  });
});
