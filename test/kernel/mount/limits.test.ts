/** What a mount refuses: beyond its size, when read-only, with noexec and nosuid; and what statfs tells. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { describe, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { readMountinfo } from '../../../src/kernel/mountinfo.js';
import { mounted } from '../../support/mounted.js';
import { runProgram } from '../../support/program.js';
import { devFuse, requires, root } from '../../support/requirement.js';

const { O_CREAT, O_DIRECT, O_RDWR, O_WRONLY } = constants;

describe('limits of a mount', requires(root, devFuse), () => {
  test('a full store answers ENOSPC, keeps what it took, and serves on', async (context) => {
    const { place, actor, at } = await mounted(context, '--size', '8M');
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR | O_DIRECT);
    const block = Buffer.alloc(1 << 20, 0x5a);
    let written = 0;
    let answer = 0;
    while (written < 16 << 20) {
      answer = await actor.do('write', fd, block, written);
      if (answer < 0) break;
      written += answer;
    }
    assert.equal(answer, -Errno.ENOSPC);
    assert.ok(written >= 6 << 20 && written <= 8 << 20, `${written} bytes were taken`);
    const read = Buffer.from(await actor.ok('read', fd, 1 << 20, written - (1 << 20)));
    assert.ok(read.equals(block), 'the last block is whole');
    const full = await actor.ok('statfs', at(''));
    assert.ok(full.bavail * full.bsize < 1 << 20, `${full.bavail} blocks are left`);
    await actor.refuses('ENOSPC', 'fallocate', fd, 0, 0, 64 << 20);

    await actor.ok('ftruncate', fd, 0);
    assert.equal(await actor.ok('write', fd, block, 0), block.length);
    const status = await place.cli('status', '--json');
    assert.equal(status.status, 0, status.stderr);
  });

  test('writeback that finds no room is told by fsync, once', async (context) => {
    const { actor, at } = await mounted(context, '--size', '4M');
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    for (let nr = 0; nr < 8; nr++) await actor.ok('write', fd, Buffer.alloc(1 << 20, nr), nr << 20);
    await actor.refuses('ENOSPC', 'fsync', fd);
    await actor.ok('fsync', fd);
    await actor.ok('ftruncate', fd, 0);
    await actor.ok('close', fd);
    await actor.ok('writeFile', at('other'), Buffer.from('served'));
    assert.equal(String(await actor.ok('readFile', at('other'))), 'served');
  });

  test('so many inodes and no more', async (context) => {
    const { actor, at } = await mounted(context, '--inodes', '10');
    const made: string[] = [];
    for (let nr = 0; nr < 20; nr++) {
      const fd = await actor.do('open', at(`${nr}`), O_CREAT | O_WRONLY);
      if (fd < 0) {
        assert.equal(fd, -Errno.ENOSPC);
        break;
      }
      made.push(`${nr}`);
    }
    assert.equal(made.length, 10, 'the root is not counted');
    assert.equal((await actor.ok('statfs', at(''))).ffree, 0);
  });

  test('statfs and df tell the size', async (context) => {
    const { place, actor, at } = await mounted(context, '--size', '64M');
    const before = await actor.ok('statfs', at(''));
    assert.equal(before.blocks * before.bsize, 64 << 20);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_WRONLY);
    await actor.ok('write', fd, Buffer.alloc(10 << 20, 1), 0);
    await actor.ok('fsync', fd);
    const after = await actor.ok('statfs', at(''));
    const taken = (before.bfree - after.bfree) * before.bsize;
    assert.ok(taken >= 10 << 20 && taken < 11 << 20, `${taken} bytes are taken`);
    const df = await runProgram('df', ['--block-size=1', '--output=size,fstype', place.mountPoint]);
    assert.match(df.stdout, /67108864 +fuse\.stuckfs/);
  });

  test('a read-only mount is empty and stays so', async (context) => {
    const { actor, at } = await mounted(context, '-o', 'ro');
    await actor.refuses('EROFS', 'mkdir', at('d'));
    await actor.refuses('EROFS', 'open', at('file'), O_CREAT | O_WRONLY);
    await actor.refuses('EROFS', 'chmod', at(''), 0o700);
    await actor.refuses('EROFS', 'setxattr', at(''), 'user.a', Buffer.from('a'));
    assert.deepEqual(await actor.ok('list', at('')), []);
  });

  test('noexec and nosuid reach the kernel', async (context) => {
    const { place, actor, at } = await mounted(context, '-o', 'noexec,allow_other');
    await actor.ok('writeFile', at('program'), Buffer.from('#!/bin/sh\nexit 7\n'));
    await actor.ok('chmod', at('program'), 0o755);
    const refused = await runProgram('sh', ['-c', at('program')]);
    assert.equal(refused.status, 126, refused.stderr);
    const entry = readMountinfo().find(({ mountPoint }) => mountPoint === place.mountPoint);
    for (const option of ['noexec', 'nosuid', 'nodev']) assert.ok(entry?.options.includes(option));
  });

  test('a set-user-ID program has its effect only with -o suid', async (context) => {
    for (const [option, uid] of [
      ['nosuid', '65534'],
      ['suid', '12345'],
    ] as const) {
      const { place, at } = await mounted(context, '-o', `allow_other,${option}`);
      const copied = await runProgram('cp', ['/usr/bin/id', at('id')]);
      assert.equal(copied.status, 0, copied.stderr);
      await runProgram('chown', ['12345:12345', at('id')]);
      await runProgram('chmod', ['4755', at('id')]);
      const words = ['--reuid=65534', '--regid=65534', '--clear-groups', at('id'), '-u'];
      const ran = await runProgram('setpriv', words);
      assert.equal(ran.stdout.trim(), uid, ran.stderr);
      assert.equal((await place.cli('unmount', place.mountPoint)).status, 0);
    }
  });
});
