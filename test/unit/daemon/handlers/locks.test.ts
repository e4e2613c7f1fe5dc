import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Errno } from '../../../../src/base/errno.js';
import { u64 } from '../../../support/bytes.js';
import { lockArgs, Server } from '../server.js';

const [READ, WRITE, UNLOCK] = [0, 1, 2];

function withFile() {
  const server = new Server();
  const { nodeid } = server.create('file');
  server.replies.take();
  return { server, nodeid };
}

describe('handlers of locks', () => {
  it('GETLK answers the lock in the way, or that there is none', () => {
    const { server, nodeid } = withFile();
    const mine = lockArgs(1, WRITE, 5n, 9n);
    const [none] = server.answer('lock', 'FUSE_GETLK', nodeid, mine);
    assert.deepEqual(none, { start: 5n, end: 9n, type: UNLOCK, pid: 101 });
    server.answer('empty', 'FUSE_SETLK', nodeid, lockArgs(2, READ, 8n, 20n));
    const [conflict] = server.answer('lock', 'FUSE_GETLK', nodeid, mine);
    assert.deepEqual(conflict, { start: 8n, end: 20n, type: READ, pid: 102 });
    server.answer('empty', 'FUSE_SETLK', nodeid, lockArgs(2, WRITE, 8n, 20n));
    assert.equal(server.answer('lock', 'FUSE_GETLK', nodeid, mine)[0].type, WRITE);
    assert.equal(server.refusal('FUSE_GETLK', 999, mine), 'ESTALE');
  });

  it('SETLK locks and unlocks without waiting', () => {
    const { server, nodeid } = withFile();
    server.answer('empty', 'FUSE_SETLK', nodeid, lockArgs(1, WRITE));
    assert.equal(server.refusal('FUSE_SETLK', nodeid, lockArgs(2, READ)), 'EAGAIN');
    server.answer('empty', 'FUSE_SETLK', nodeid, lockArgs(1, UNLOCK));
    server.answer('empty', 'FUSE_SETLK', nodeid, lockArgs(2, READ));
  });

  it('refuses a type that fcntl does not have', () => {
    const { server, nodeid } = withFile();
    for (const opcode of ['FUSE_GETLK', 'FUSE_SETLK', 'FUSE_SETLKW'] as const) {
      assert.equal(server.refusal(opcode, nodeid, lockArgs(1, 3)), 'EINVAL');
    }
  });

  it('SETLKW is answered when the lock is free, each waiter once and in turn', () => {
    const { server, nodeid } = withFile();
    server.receive('FUSE_SETLK', { nodeid }, lockArgs(1, WRITE));
    server.replies.take();
    const first = server.receive('FUSE_SETLKW', { nodeid }, lockArgs(2, WRITE));
    const second = server.receive('FUSE_SETLKW', { nodeid }, lockArgs(3, WRITE));
    assert.deepEqual(server.replies.take(), []);
    const unlock = server.receive('FUSE_SETLK', { nodeid }, lockArgs(1, UNLOCK));
    assert.deepEqual(
      server.replies.take().sort((a, b) => Number(a[1] - b[1])),
      [
        ['empty', first],
        ['empty', unlock],
      ],
    );
    server.receive('FUSE_INTERRUPT', { nodeid }, u64(first));
    assert.deepEqual(server.replies.take(), [], 'it waits no more');
    const unlockFirst = server.receive('FUSE_SETLK', { nodeid }, lockArgs(2, UNLOCK));
    assert.deepEqual(
      server.replies.take().sort((a, b) => Number(a[1] - b[1])),
      [
        ['empty', second],
        ['empty', unlockFirst],
      ],
    );
  });

  it('SETLKW that would close a circle is refused at once', () => {
    const { server, nodeid } = withFile();
    server.receive('FUSE_SETLK', { nodeid }, lockArgs(1, WRITE, 0n, 9n));
    server.receive('FUSE_SETLK', { nodeid }, lockArgs(2, WRITE, 10n, 19n));
    const waiting = server.receive('FUSE_SETLKW', { nodeid }, lockArgs(1, WRITE, 10n, 19n));
    server.replies.take();
    const circle = server.receive('FUSE_SETLKW', { nodeid }, lockArgs(2, WRITE, 0n, 9n));
    assert.deepEqual(server.replies.take(), [['error', circle, Errno.EDEADLK]]);
    server.receive('FUSE_INTERRUPT', { nodeid }, u64(waiting));
    assert.deepEqual(server.replies.take(), [['error', waiting, Errno.EINTR]]);
  });

  it('keeps flock apart from record locks', () => {
    const { server, nodeid } = withFile();
    server.answer('empty', 'FUSE_SETLK', nodeid, lockArgs(1, WRITE));
    server.answer('empty', 'FUSE_SETLK', nodeid, lockArgs(2, WRITE, 0n, 0n, 1));
    assert.equal(server.refusal('FUSE_SETLK', nodeid, lockArgs(3, WRITE, 0n, 0n, 1)), 'EAGAIN');
  });
});
