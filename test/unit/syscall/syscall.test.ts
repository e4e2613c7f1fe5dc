import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { PagemapFlag, readPagemap } from '../../../src/kernel/pagemap.js';
import { eventfd, eventfdClose, eventfdDrain, eventfdSignal } from '../../../src/syscall/eventfd.js';
import {
  close,
  OpenFlag,
  open,
  POSIX_FADV_DONTNEED,
  posixFadvise,
  read,
  syncFileRange,
  syncfs,
  write,
} from '../../../src/syscall/file.js';
import * as memory from '../../../src/syscall/memory.js';
import { mount, umount2 } from '../../../src/syscall/mount.js';
import { POLLIN, PollSet } from '../../../src/syscall/poll.js';

describe('syscall', () => {
  it('answers -errno instead of throwing', () => {
    assert.equal(open('/does/not/exist', OpenFlag.O_RDONLY), -Errno.ENOENT);
    assert.equal(read(1_000_000, new Uint8Array(1)), -Errno.EBADF);
    assert.equal(close(1_000_000), -Errno.EBADF);
    assert.equal(syncFileRange(1_000_000, 0, 0, 0), -Errno.EBADF);
    assert.ok(umount2('/does/not/exist', 0) < 0);
    assert.ok(mount('none', '/does/not/exist', 'fuse.stuckfs', 0, '') < 0);
    assert.equal(memory.mmap(0, memory.PROT_READ, memory.MAP_PRIVATE, -1, 0), -Errno.EBADF);
  });

  it('reads into the buffer and writes only what it is told to', () => {
    const zero = open('/dev/zero', OpenFlag.O_RDWR | OpenFlag.O_CLOEXEC);
    assert.ok(zero >= 0);
    const bytes = new Uint8Array([1, 2, 3, 4]);
    assert.equal(write(zero, bytes, 3), 3);
    assert.equal(read(zero, bytes.subarray(0, 2)), 2);
    assert.deepEqual([...bytes], [0, 0, 3, 4]);
    assert.equal(close(zero), 0);
  });

  it('wakes a poll through an eventfd, once', () => {
    const fd = eventfd();
    const set = new PollSet([fd]);
    assert.equal(set.wait(0), 0);
    eventfdSignal(fd);
    assert.equal(set.wait(0), 1);
    assert.equal(set.ready(0), POLLIN);
    eventfdDrain(fd);
    assert.equal(set.wait(0), 0);
    eventfdClose(fd);
  });

  it('maps memory, faults it in and gives it back', () => {
    const length = 4 * memory.PAGE_SIZE;
    const address = memory.mmap(
      length,
      memory.PROT_READ | memory.PROT_WRITE,
      memory.MAP_PRIVATE | memory.MAP_ANONYMOUS,
      -1,
      0,
    );
    assert.ok(typeof address === 'bigint');
    const present = () =>
      readPagemap('self', address, 4).flags.reduce(
        (n, flags) => n + (flags & PagemapFlag.PRESENT ? 1 : 0),
        0,
      );
    assert.equal(present(), 0);
    assert.equal(memory.madvise(address, length, memory.MADV_POPULATE_WRITE), 0);
    assert.equal(present(), 4);
    assert.equal(memory.madvise(address, memory.PAGE_SIZE, memory.MADV_DONTNEED), 0);
    assert.equal(present(), 3);
    assert.equal(memory.munmap(address, length), 0);
  });
});

describe('syscall of descriptors and CPUs', () => {
  it('syncs a filesystem and gives advice on a file', () => {
    const fd = open('/proc/self/exe', OpenFlag.O_RDONLY | OpenFlag.O_CLOEXEC);
    assert.equal(posixFadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    assert.equal(posixFadvise(fd, 0, 0, 99), -Errno.EINVAL);
    close(fd);
    assert.equal(posixFadvise(1_000_000, 0, 0, POSIX_FADV_DONTNEED), -Errno.EBADF);
    const proc = open('/proc/self', OpenFlag.O_RDONLY | OpenFlag.O_CLOEXEC);
    assert.equal(syncfs(proc), 0);
    close(proc);
    assert.equal(syncfs(1_000_000), -Errno.EBADF);
  });

  it('pins this thread to one CPU, which is then the first it may run on', () => {
    // In a process of its own: a thread that was pinned stays so.
    const module = new URL('../../../src/syscall/process.js', import.meta.url).href;
    const script = `
      const { readFileSync } = await import('node:fs');
      const { firstAllowedCpu, pinToCpu } = await import(${JSON.stringify(module)});
      const allowed = () => /^Cpus_allowed_list:\\s*(.*)$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))[1];
      const before = allowed();
      const last = Number(before.split(/[,-]/).at(-1));
      const first = firstAllowedCpu();
      const pinned = pinToCpu(last);
      console.log(JSON.stringify({ before, first, pinned, last, after: allowed(), firstAfter: firstAllowedCpu(), absent: pinToCpu(8191) }));
    `;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const { before, first, pinned, last, after, firstAfter, absent } = JSON.parse(child.stdout);
    assert.equal(first, Number.parseInt(before, 10));
    assert.equal(pinned, 0);
    assert.equal(after, `${last}`);
    assert.equal(firstAfter, last);
    assert.equal(absent, -Errno.EINVAL);
  });
});
