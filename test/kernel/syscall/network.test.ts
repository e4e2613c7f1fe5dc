/** Links of network namespaces that are nobody's but this test's. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { after, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { setLinkUp, setLinkUpIn, unshareNetwork } from '../../../src/syscall/network.js';
import { command, requires, root } from '../../support/requirement.js';

const needs = requires(root, command('nsenter', 'util-linux'), command('ip', 'iproute2'));
const children: ReturnType<typeof spawn>[] = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

const ownNetwork = () => readlinkSync('/proc/thread-self/ns/net');

test(
  'a link is set up and down in a namespace that is bound to a file, and nowhere else',
  needs,
  async () => {
    assert.equal(unshareNetwork(), 0);
    const first = ownNetwork();
    // It keeps the namespace, and a file of it.
    const keeper = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    children.push(keeper);
    await once(keeper, 'spawn');
    const file = `/proc/${keeper.pid}/ns/net`;
    assert.equal(readlinkSync(file), first);
    assert.equal(unshareNetwork(), 0);
    const own = ownNetwork();
    assert.notEqual(own, first);

    const linkThere = () =>
      spawnSync('nsenter', [`--net=${file}`, 'ip', '-o', 'link', 'show', 'lo'], { encoding: 'utf8' }).stdout;
    const linkHere = () => spawnSync('ip', ['-o', 'link', 'show', 'lo'], { encoding: 'utf8' }).stdout;
    assert.doesNotMatch(linkThere(), /[<,]UP[,>]/);
    assert.equal(setLinkUpIn(file, 'lo', true), 0);
    assert.match(linkThere(), /[<,]UP[,>]/);
    assert.doesNotMatch(linkHere(), /[<,]UP[,>]/, 'not the one that we are in');
    assert.equal(ownNetwork(), own, 'back where it was');
    assert.equal(setLinkUpIn(file, 'lo', false), 0);
    assert.doesNotMatch(linkThere(), /[<,]UP[,>]/);

    assert.equal(setLinkUp('absent', true), -Errno.ENODEV);
    assert.equal(setLinkUpIn('/absent', 'lo', true), -Errno.ENOENT);
    assert.equal(setLinkUpIn('/proc/self/ns/mnt', 'lo', true), -Errno.EINVAL, 'no network namespace');
    assert.equal(ownNetwork(), own);
  },
);
