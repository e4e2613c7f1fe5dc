/** hold and delay, opcode by opcode: the caller waits for that very request, and then gets what it asked for. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { describe, test } from 'node:test';
import { faultyMount } from '../../support/faulty-mount.js';
import type { FileActor } from '../../support/file-actor.js';
import { requires } from '../../support/requirement.js';
import { transports } from '../../support/transports.js';

const { O_CREAT, O_DIRECT, O_RDONLY, O_RDWR } = constants;

type At = (name: string) => string;
interface Case {
  /** One of them is to be held first. */
  readonly opcodes: readonly string[];
  readonly path: string;
  readonly call: (actor: FileActor, at: At, fd: number) => Promise<unknown>;
  readonly answer: unknown;
}

const page = Buffer.alloc(4096, 7);
/** In an order in which each finds what those before it have made. */
const cases: readonly Case[] = [
  { opcodes: ['LOOKUP'], path: '/d/none', call: (actor, at) => actor.do('stat', at('d/none')), answer: -2 },
  {
    opcodes: ['GETATTR'],
    path: '/d',
    call: (actor, at) => actor.ok('stat', at('d')).then(() => 0),
    answer: 0,
  },
  { opcodes: ['SETATTR'], path: '/d', call: (actor, at) => actor.do('chmod', at('d'), 0o750), answer: 0 },
  {
    opcodes: ['OPEN'],
    path: '/d/file',
    call: async (actor, at) => Number(await actor.do('open', at('d/file'), O_RDONLY)) >= 0,
    answer: true,
  },
  {
    opcodes: ['WRITE'],
    path: '/d/file',
    call: (actor, _at, fd) => actor.do('write', fd, page, 0),
    answer: 4096,
  },
  {
    opcodes: ['READ'],
    path: '/d/file',
    call: async (actor, _at, fd) => page.equals(Buffer.from(await actor.ok('read', fd, 4096, 0))),
    answer: true,
  },
  { opcodes: ['FSYNC'], path: '/d/file', call: (actor, _at, fd) => actor.do('fsync', fd), answer: 0 },
  { opcodes: ['FLUSH'], path: '/d/file', call: (actor, _at, fd) => actor.do('close', fd), answer: 0 },
  { opcodes: ['OPENDIR'], path: '/d', call: (actor, at) => actor.do('list', at('d')), answer: ['file'] },
  {
    opcodes: ['READDIR', 'READDIRPLUS'],
    path: '/d',
    call: (actor, at) => actor.do('list', at('d')),
    answer: ['file'],
  },
  { opcodes: ['MKDIR'], path: '/d/e', call: (actor, at) => actor.do('mkdir', at('d/e')), answer: 0 },
  { opcodes: ['RMDIR'], path: '/d/e', call: (actor, at) => actor.do('rmdir', at('d/e')), answer: 0 },
  {
    opcodes: ['SYMLINK'],
    path: '/d/l',
    call: (actor, at) => actor.do('symlink', 'file', at('d/l')),
    answer: 0,
  },
  {
    opcodes: ['READLINK'],
    path: '/d/l',
    call: (actor, at) => actor.do('readlink', at('d/l')),
    answer: 'file',
  },
  { opcodes: ['UNLINK'], path: '/d/l', call: (actor, at) => actor.do('unlink', at('d/l')), answer: 0 },
  {
    opcodes: ['RENAME', 'RENAME2'],
    path: '/d/file',
    call: (actor, at) => actor.do('rename', at('d/file'), at('d/moved')),
    answer: 0,
  },
  {
    opcodes: ['GETXATTR'],
    path: '/d/moved',
    call: (actor, at) => actor.do('getxattr', at('d/moved'), 'user.none'),
    answer: -61,
  },
  {
    opcodes: ['STATFS'],
    path: '/',
    call: (actor, at) => actor.ok('statfs', at('')).then(() => 0),
    answer: 0,
  },
];

for (const transport of transports) {
  describe(`any opcode over ${transport.name}`, requires(...transport.needs), () => {
    for (const action of ['hold', 'delay fixed:30ms']) {
      test(action, async (context) => {
        const options = ['--attr-timeout', '0ms', '--entry-timeout', '0ms'];
        const { actor, at, client, arm, held } = await faultyMount(context, transport, ...options);
        await actor.ok('mkdir', at('d'));
        const fd = await actor.ok('open', at('d/file'), O_CREAT | O_RDWR | O_DIRECT);
        for (const { opcodes, path, call, answer } of cases) {
          const name = opcodes.join(' or ');
          await arm(`${action} ${opcodes.join(',')} path=${path} nth=1`);
          let settled = false;
          const startMs = performance.now();
          const calling = call(actor, at, fd).finally(() => {
            settled = true;
          });
          if (action === 'hold') {
            const [request] = await held(1);
            assert.ok(opcodes.includes(request?.opcode.slice('FUSE_'.length) ?? ''), `${request?.opcode}`);
            assert.equal(request?.path, path, name);
            assert.equal(settled, false, `${name} was answered`);
            assert.equal((await client.release()).released, 1);
          }
          assert.deepEqual(await calling, answer, name);
          const tookMs = performance.now() - startMs;
          if (action !== 'hold') assert.ok(tookMs >= 29, `${name} after ${tookMs} ms`);
          await client.clearFaults();
        }
      });
    }
  });
}
