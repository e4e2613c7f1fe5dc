/** The action `fail`: what each caller gets, and that nothing was carried out. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { describe, test } from 'node:test';
import { countOf, faultyMount } from '../../support/faulty-mount.js';
import type { FileActor } from '../../support/file-actor.js';
import { requires } from '../../support/requirement.js';
import { devFuseTransport, transports } from '../../support/transports.js';

const { O_CREAT, O_DIRECT, O_RDONLY, O_RDWR } = constants;

type At = (name: string) => string;
/** The opcode that fails, and a call that must then fail with its errno. */
const calls: readonly (readonly [string, string, (actor: FileActor, at: At) => Promise<unknown>])[] = [
  ['lookup', '/none', (actor, at) => actor.do('stat', at('none'))],
  ['getattr', '/file', (actor, at) => actor.do('stat', at('file'))],
  ['setattr', '/file', (actor, at) => actor.do('chmod', at('file'), 0o600)],
  ['open', '/file', (actor, at) => actor.do('open', at('file'), O_RDONLY)],
  ['opendir', '/', (actor, at) => actor.do('list', at(''))],
  ['readdir,readdirplus', '/', (actor, at) => actor.do('list', at(''))],
  ['create', '/new', (actor, at) => actor.do('open', at('new'), O_CREAT | O_RDWR)],
  ['mkdir', '/dir', (actor, at) => actor.do('mkdir', at('dir'))],
  ['symlink', '/link', (actor, at) => actor.do('symlink', 'file', at('link'))],
  ['unlink', '/file', (actor, at) => actor.do('unlink', at('file'))],
  ['rename,rename2', '/file', (actor, at) => actor.do('rename', at('file'), at('moved'))],
  ['getxattr', '/file', (actor, at) => actor.do('getxattr', at('file'), 'user.x')],
  ['setxattr', '/file', (actor, at) => actor.do('setxattr', at('file'), 'user.x', Buffer.from('y'))],
];

for (const transport of transports) {
  const options = ['--attr-timeout', '0ms', '--entry-timeout', '0ms'];

  describe(`fail over ${transport.name}`, requires(...transport.needs), () => {
    test('gives the errno to the caller, whatever the opcode', async (context) => {
      const { actor, at, client, arm } = await faultyMount(context, transport, ...options);
      await actor.ok('writeFile', at('file'), Buffer.from('content'));
      const before = await actor.ok('list', at(''));
      for (const [opcodes, path, call] of calls) {
        await arm(`fail EDQUOT ${opcodes} path=${path}`);
        assert.equal(await call(actor, at), -122, `${opcodes} is to fail with EDQUOT`);
        await client.clearFaults();
        assert.deepEqual(await actor.ok('list', at('')), before, `${opcodes} was carried out`);
      }
      const fd = await actor.ok('open', at('file'), O_RDWR | O_DIRECT);
      for (const [opcode, call] of [
        ['read', () => actor.do('read', fd, 4096, 0)],
        ['write', () => actor.do('write', fd, Buffer.alloc(4096), 0)],
        ['fsync', () => actor.do('fsync', fd)],
        ['flush', () => actor.do('close', fd)],
      ] as const) {
        await arm(`fail EDQUOT ${opcode} path=/file`);
        assert.equal(await call(), -122, `${opcode} is to fail with EDQUOT`);
        await client.clearFaults();
      }
      assert.equal(String(await actor.ok('readFile', at('file'))), 'content');
    });

    test('a failed WRITE reaches no store, only the chosen one fails; ENOSYS is for good', async (context) => {
      const { actor, at, client, arm } = await faultyMount(context, transport);
      const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR | O_DIRECT);
      const page = (byte: number) => Buffer.alloc(4096, byte);
      await actor.ok('write', fd, page(1), 0);
      await arm('fail ENOSPC write nth=2');
      assert.equal(await actor.do('write', fd, page(2), 0), 4096);
      assert.equal(await actor.do('write', fd, page(3), 0), -28);
      assert.deepEqual(Buffer.from(await actor.ok('read', fd, 4096, 0)), page(2));
      assert.equal(await actor.do('write', fd, page(4), 0), 4096);
      assert.deepEqual(Buffer.from(await actor.ok('read', fd, 4096, 0)), page(4));

      // ENOSYS to FSYNC: the call succeeds, and the kernel never asks again.
      await client.clearFaults();
      await actor.ok('fsync', fd);
      assert.equal(await countOf(client, 'FUSE_FSYNC'), 1);
      await arm('fail ENOSYS fsync');
      assert.equal(await actor.do('fsync', fd), 0);
      await client.clearFaults();
      assert.equal(await actor.do('fsync', fd), 0);
      assert.equal(await countOf(client, 'FUSE_FSYNC'), 2);
    });
  });
}

describe('fail under the writeback cache', requires(...devFuseTransport.needs), () => {
  test('write(2) succeeds, fsync(2) tells the errno once, and the data is lost', async (context) => {
    const { actor, at, client, arm } = await faultyMount(context, devFuseTransport);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    await arm('fail EDQUOT write');
    assert.equal(await actor.do('write', fd, Buffer.from('lost'), 0), 4);
    assert.equal(await actor.do('fsync', fd), -122);
    await client.clearFaults();
    assert.equal(await actor.do('fsync', fd), 0);
    await actor.ok('dropCache', fd);
    assert.equal(String(await actor.ok('read', fd, 4, 0)), '\0\0\0\0');
  });
});
