/** After how long an NFS mount gives up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountOptions, timeoFor } from '../../../src/nfs/soft-mount.js';

/** rq_majortimeo of fs/nfs/client.c and net/sunrpc/xprt.c, retrans=1: the first try, and one increment as long. */
const majorMs = (timeo: number) => Math.min(2 * timeo * 100, 600_000);

test('no request fails before the time that is asked for, nor is it ever longer than the kernel allows', () => {
  for (const giveUpMs of [1, 150, 171_701, 300_000 + 172_000, 599_999])
    assert.ok(majorMs(timeoFor(giveUpMs)) >= giveUpMs, `${giveUpMs}`);
  assert.equal(timeoFor(3_600_000), 3000);
  assert.equal(majorMs(timeoFor(3_600_000)), 600_000);
});

test('the mount is soft, of version 4.2, and needs no other program', () => {
  const words = { serverAddress: '192.0.2.1', clientAddress: '192.0.2.2', port: 2049, giveUpMs: 200_000 };
  const options = mountOptions(words).split(',');
  for (const option of ['vers=4.2', 'soft', 'timeo=1000', 'retrans=1', 'addr=192.0.2.1', 'port=2049'])
    assert.ok(options.includes(option), option);
});
