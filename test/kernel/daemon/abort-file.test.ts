/** The abort file of a connection that is over never reaches the next one, which gets its number. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { AbortFile } from '../../../src/daemon/abort-file.js';
import { Ledger } from '../../../src/safety/ledger.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { close, read } from '../../../src/syscall/file.js';
import { MNT_DETACH, UMOUNT_NOFOLLOW, umount2 } from '../../../src/syscall/mount.js';
import { mountFuse } from '../../../src/transport/fuse-mount.js';
import { parseMountOptions } from '../../../src/transport/mount-options.js';
import { devFuse, requires, root } from '../../support/requirement.js';

/** Mounts that nobody serves: their first request, INIT, waits to be read. */
function mounter(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-abort-'));
  const stateRoot = join(directory, 'state');
  mkdirSync(stateRoot, { mode: 0o700 });
  const ledger = Ledger.open(StateDirectory.create('mount', 'daemon', {}, stateRoot));
  ledger.mountPseudo('fusectl');
  const ends: (() => void)[] = [];
  // The mounts first: to remove a directory that is still mounted on is to hang.
  t.after(() => {
    for (const end of ends) end();
    ledger.restore();
    rmSync(directory, { recursive: true, force: true });
  });
  const mount = (name: string) => {
    const mountPoint = join(directory, name);
    mkdirSync(mountPoint);
    const { fd, connection } = mountFuse(mountPoint, parseMountOptions([]));
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      umount2(mountPoint, MNT_DETACH | UMOUNT_NOFOLLOW);
      close(fd);
    };
    ends.push(end);
    return { connection, end, read: () => read(fd, Buffer.alloc(1 << 16)) };
  };
  const openAbortFile = (connection: number) => {
    const file = AbortFile.open(connection);
    ends.push(() => file.close());
    return file;
  };
  return { mount, openAbortFile };
}

test('abort ends its own connection', requires(root, devFuse), (t) => {
  const { mount, openAbortFile } = mounter(t);
  const own = mount('own');
  openAbortFile(own.connection).abort();
  assert.equal(own.read(), -Errno.ENODEV);
});

test('abort after the end leaves the connection that has the number now', requires(root, devFuse), (t) => {
  const { mount, openAbortFile } = mounter(t);
  const first = mount('first');
  const abortFile = openAbortFile(first.connection);
  first.end();
  // The kernel gives out the lowest number that is free, so one of the next mounts gets that of the first.
  const next = Array.from({ length: 16 }, (_, index) => mount(`next${index}`)).find(
    ({ connection }) => connection === first.connection,
  );
  assert.ok(next, `connection ${first.connection} was not given out again`);
  abortFile.abort();
  assert.ok(next.read() > 0, 'INIT is there to be read');
});
