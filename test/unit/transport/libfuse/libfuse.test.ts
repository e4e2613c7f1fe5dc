import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Errno } from '../../../../src/base/errno.js';
import { Opcode, opcodeName } from '../../../../src/protocol/opcode.js';
import { FakeLibfuse } from './fake-libfuse.js';

const ROOT_MODE = 0o40755;

function stat(words: unknown): {
  mode: number;
  uid: number;
  gid: number;
  size: number;
  nlink: number;
  ino: number;
} {
  assert.ok(words instanceof Uint32Array && words.length === 18);
  const [mode = 0, uid = 0, gid = 0, low = 0, high = 0, , nlink = 0, ino = 0] = words;
  return { mode, uid, gid, size: high * 2 ** 32 + low, nlink, ino };
}

function read(fake: FakeLibfuse, path: string, fh: number, offset: number, size: number): string {
  const room = Buffer.from(new ArrayBuffer(size));
  const [result, , memory] = fake.call('read', path, fh, room, size, offset, 0);
  assert.equal(memory, room.buffer);
  return room.toString('latin1', 0, result);
}

describe('operations of libfuse', () => {
  test('become requests with even uniques and no process', () => {
    const fake = new FakeLibfuse();
    fake.file('/f', 'content');
    fake.call('release', '/f', 1);
    const shown = fake.requests.map(({ opcode, unique, pid }) => [opcodeName(opcode), Number(unique), pid]);
    assert.deepEqual(shown, [
      ['FUSE_CREATE', 2, 0],
      ['FUSE_WRITE', 4, 0],
      ['FUSE_RELEASE', 6, 0],
    ]);
    assert.deepEqual(fake.transport.replies.counters, { sent: 3, refused: 0 });
  });

  test('INIT is told, and answered', () => {
    const fake = new FakeLibfuse();
    assert.deepEqual(fake.call('init'), [0]);
    assert.equal(fake.initialised, 1);
  });

  test('files: created, written, read, truncated, and their attributes', () => {
    const fake = new FakeLibfuse();
    const fh = fake.file('/f', 'content');
    assert.equal(read(fake, '/f', fh, 3, 100), 'tent');
    const [result, words] = fake.call('getattr', '/f');
    assert.deepEqual([result, stat(words).mode, stat(words).size], [0, 0o100644, 7]);
    assert.equal(stat(fake.call('getattr', '/')[1]).mode, ROOT_MODE);
    assert.equal(fake.result('ftruncate', '/f', fh, 2, 0), 0);
    assert.equal(fake.result('truncate', '/f', 3, 1), 0);
    assert.equal(stat(fake.call('fgetattr', '/f', fh)[1]).size, 3 + 2 ** 32);
    assert.equal(fake.result('chmod', '/f', 0o600), 0);
    assert.equal(fake.result('chown', '/f', 5, 0xffff_ffff), 0);
    const { mode, uid, gid } = stat(fake.call('getattr', '/f')[1]);
    assert.deepEqual([mode, uid, gid], [0o100600, 5, process.getegid?.()]);
    for (const [name, words] of [
      ['flush', []],
      ['fsync', []],
      ['release', []],
    ] as const) {
      assert.equal(fake.result(name, '/f', ...(name === 'fsync' ? [0, fh] : [fh, ...words])), 0, name);
    }
    assert.equal(fake.store.counters().nrOpen, 0);
  });

  test('times are milliseconds, also before 1970', () => {
    const fake = new FakeLibfuse();
    fake.file('/f', '');
    const set = (ms: number) => {
      const words = new Uint32Array(new BigInt64Array([BigInt(ms)]).buffer);
      assert.equal(fake.result('utimens', '/f', words[0], words[1], words[0], words[1]), 0);
      const found = fake.store.lookup(1 as never, 'f');
      assert.ok(typeof found === 'object');
      return [found.atimeSec, found.atimeNsec, found.mtimeSec];
    };
    assert.deepEqual(set(981_173_106_789), [981_173_106, 789_000_000, 981_173_106]);
    assert.deepEqual(set(-1500), [-2, 500_000_000, -2]);
  });

  test('names: directories, links, renames and their failures', () => {
    const fake = new FakeLibfuse();
    fake.file('/f', 'x');
    assert.equal(fake.result('mkdir', '/d', 0o755), 0);
    assert.equal(fake.result('mkdir', '/d', 0o755), -Errno.EEXIST);
    assert.equal(fake.result('link', '/f', '/d/g'), 0);
    assert.equal(stat(fake.call('getattr', '/d/g')[1]).nlink, 2);
    assert.equal(fake.result('symlink', '../ü', '/d/s'), 0);
    assert.deepEqual(fake.call('readlink', '/d/s'), [0, '../ü']);
    assert.equal(fake.result('rename', '/d/g', '/h'), 0);
    assert.equal(fake.result('getattr', '/d/g'), -Errno.ENOENT);
    assert.equal(fake.result('unlink', '/h'), 0);
    assert.equal(fake.result('unlink', '/h'), -Errno.ENOENT);
    assert.equal(fake.result('unlink', '/no/such'), -Errno.ENOENT);
    assert.equal(fake.result('getattr', '/f/below'), -Errno.ENOTDIR);
    assert.equal(fake.result('rmdir', '/d'), -Errno.ENOTEMPTY);
    assert.equal(fake.result('mknod', '/p', 0o10644, 0), 0);
    assert.equal(stat(fake.call('getattr', '/p')[1]).mode, 0o10644);
    // libfuse keeps the lookup counts: nothing is to stay remembered.
    assert.equal(fake.store.counters().nrLookups, 0);
  });

  test('extended attributes: size, value, too little room, list', () => {
    const fake = new FakeLibfuse();
    fake.file('/f', '');
    const room = (bytes: number) => Buffer.from(new ArrayBuffer(bytes));
    const value = Buffer.from('value');
    assert.deepEqual(fake.call('setxattr', '/f', 'user.k', value, 0, 0), [0, value.buffer]);
    assert.equal(fake.result('getxattr', '/f', 'user.k', room(0), 0), 5);
    assert.equal(fake.result('getxattr', '/f', 'user.k', room(4), 0), -Errno.ERANGE);
    const five = room(5);
    assert.deepEqual(fake.call('getxattr', '/f', 'user.k', five, 0), [5, five.buffer]);
    assert.equal(five.toString(), 'value');
    const list = room(7);
    assert.equal(fake.result('listxattr', '/f', list), 7);
    assert.equal(list.toString(), 'user.k\0');
    assert.equal(fake.result('removexattr', '/f', 'user.k'), 0);
    assert.equal(fake.result('getxattr', '/f', 'user.k', room(5), 0), -Errno.ENODATA);
  });

  test('a listing of more than one READDIR has room for is whole', () => {
    const fake = new FakeLibfuse();
    fake.call('mkdir', '/d', 0o755);
    const names = Array.from({ length: 5000 }, (_, nr) => `${String(nr).padStart(5, '0')}-${'n'.repeat(40)}`);
    for (const name of names) fake.call('mknod', `/d/${name}`, 0o100644, 0);
    const [, fh] = fake.call('opendir', '/d', 0, 0);
    const before = fake.requests.length;
    const [result, listed, stats] = fake.call('readdir', '/d');
    assert.equal(result, 0);
    assert.ok(fake.requests.length - before > 1);
    assert.deepEqual((listed as string[]).toSorted(), ['.', '..', ...names]);
    assert.equal((stats as Uint32Array[]).length, 5002);
    const at = (listed as string[]).indexOf(names[7] ?? '');
    assert.deepEqual(
      stat((stats as Uint32Array[])[at]).ino,
      stat(fake.call('getattr', `/d/${names[7]}`)[1]).ino,
    );
    assert.equal(fake.result('releasedir', '/d', fh), 0);
    assert.equal(fake.result('readdir', '/d'), -Errno.EBADF);
  });

  test('a filesystem has a size', () => {
    const [result, words] = new FakeLibfuse().call('statfs', '/');
    assert.equal(result, 0);
    assert.equal((words as Uint32Array)[2], (1 << 26) / 4096);
  });
});

describe('faults over libfuse', () => {
  test('a held WRITE is applied, and answered when it is released', () => {
    const fake = new FakeLibfuse();
    const fh = fake.file('/f', '');
    fake.arm({ match: { opcodes: ['WRITE'] }, action: { type: 'hold' } });
    const data = Buffer.from('held');
    const waiter = fake.start('write', '/f', fh, data, data.length, 0, 0);
    assert.equal(fake.signals.get(waiter), undefined);
    assert.equal(read(fake, '/f', fh, 0, 10), 'held');
    assert.deepEqual(fake.engine.release({}).released, 1);
    assert.deepEqual(fake.signals.get(waiter), [4, 0, data.buffer]);
  });

  test('what is held besides is carried out when it is released', () => {
    const fake = new FakeLibfuse();
    fake.arm({ match: { opcodes: ['MKDIR', 'READDIR'] }, action: { type: 'hold' } });
    const made = fake.start('mkdir', '/d', 0o755);
    assert.equal(fake.result('getattr', '/d'), -Errno.ENOENT);
    fake.engine.release({});
    assert.deepEqual(fake.signals.get(made), [0]);
    fake.call('opendir', '/d', 0, 0);
    const listed = fake.start('readdir', '/d');
    assert.equal(fake.signals.get(listed), undefined);
    assert.equal(fake.engine.release({ opcodes: [Opcode.FUSE_READDIR] }).released, 1);
    assert.deepEqual(fake.signals.get(listed)?.[1], ['.', '..']);
  });

  test('fail answers its errno, whatever the operation gives back', () => {
    const fake = new FakeLibfuse();
    const fh = fake.file('/f', 'x');
    fake.arm({ action: { type: 'fail', errno: 'EIO' } });
    const memory = Buffer.from(new ArrayBuffer(4));
    assert.deepEqual(fake.call('getattr', '/f').slice(0, 1), [-Errno.EIO]);
    assert.deepEqual(fake.call('read', '/f', fh, memory, 4, 0, 0), [-Errno.EIO, 0, memory.buffer]);
    assert.deepEqual(fake.call('getxattr', '/f', 'user.k', memory, 0), [-Errno.EIO, memory.buffer]);
    assert.deepEqual(fake.call('readdir', '/'), [-Errno.EBADF, [], []]);
    assert.deepEqual(fake.call('open', '/f', 0), [-Errno.EIO, 0]);
    assert.deepEqual(fake.call('readlink', '/f'), [-Errno.EIO, '']);
    assert.deepEqual(fake.call('unlink', '/f'), [-Errno.EIO]);
  });

  test('the end of the connection lets every thread of libfuse go, and later answers are refused', () => {
    const fake = new FakeLibfuse();
    const fh = fake.file('/f', '');
    fake.arm({ match: { opcodes: ['WRITE'] }, action: { type: 'hold' } });
    const data = Buffer.from('held');
    const waiters = [0, 4].map((offset) => fake.start('write', '/f', fh, data, data.length, offset, 0));
    fake.transport.replies.abandon(Errno.ENOTCONN);
    for (const waiter of waiters)
      assert.deepEqual(fake.signals.get(waiter), [-Errno.ENOTCONN, 0, data.buffer]);
    const { refused } = fake.transport.replies.counters;
    fake.engine.release({});
    assert.equal(fake.transport.replies.counters.refused, refused + 2);
  });

  test('a name that the protocol refuses is answered, not thrown', () => {
    const fake = new FakeLibfuse();
    assert.equal(fake.result('mkdir', `/${'n'.repeat(5000)}`, 0o755), -Errno.EINVAL);
  });

  test('a defect is told, and costs the operation that met it', () => {
    const fake = new FakeLibfuse();
    const fh = fake.file('/f', 'more than there is room for');
    const room = Buffer.from(new ArrayBuffer(2));
    // What cannot be: fewer bytes of room than were asked for; and a count below zero.
    assert.deepEqual(fake.call('read', '/f', fh, room, 8, 0, 0), [-Errno.EIO, 0, room.buffer]);
    assert.deepEqual(fake.call('truncate', '/f', -1, 0), [-Errno.EIO]);
    assert.equal(fake.defects.length, 2);
    assert.equal(fake.result('getattr', '/f'), 0);
  });
});
