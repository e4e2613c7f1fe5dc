/** `stuckfs vm kernels`, over a made-up apt. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findKernel } from '../../../src/vm/find-kernel.js';
import { startCli } from '../../support/cli.js';
import { FakeDebian } from '../vm/kernels/fake-debian.js';

const debian = new FakeDebian();
after(() => debian[Symbol.dispose]());
debian.add({ release: '6.18.9+deb13-cloud-amd64' });
debian.add({ release: '6.18.15+deb13-cloud-amd64' });
debian.add({ release: '7.3.4+deb13-cloud-amd64', isSplit: true });
const environment = { ...debian.environment, STUCKFS_CACHE: debian.cache };
const list = (words: readonly string[] = [], more: NodeJS.ProcessEnv = {}) =>
  startCli(['vm', 'kernels', ...words], 60_000, { ...environment, ...more }).result;

test('what can be had: of each suite the newest of a series', async () => {
  const { status, stdout, stderr } = await list();
  assert.equal(status, 0);
  assert.match(stdout, /^kernel +suite +version +packages +download +cached\n/);
  assert.match(
    stdout,
    /^debian:7\.3 +trixie-backports +1\.0-1 +linux-binary-7\.3\.4\S+ linux-modules-\S+ linux-base-\S+ +1 MiB +-$/m,
  );
  assert.match(stdout, /^debian:6\.18 +trixie-backports +1\.0-1 +linux-image-6\.18\.15\+deb13-cloud-amd64 /m);
  assert.doesNotMatch(stdout, /6\.18\.9/);
  assert.match(stderr, /asking Debian's trixie-backports/);
  assert.match(stderr, /bookworm-security: the sources of this machine name no security archive/);
  assert.match((await list(['--every'])).stdout, /^debian:6\.18\.9\+deb13 +trixie-backports/m);
});

test('what is cached, with its place and its size', async () => {
  const kernel = await findKernel('debian:6.18', {
    cache: debian.cache,
    environment,
    progress: () => undefined,
  });
  const { status, stdout } = await list(['--json']);
  assert.equal(status, 0);
  const { cache, available, cached } = JSON.parse(stdout);
  assert.equal(cache, debian.cache);
  assert.equal(cached.length, 1);
  assert.equal(cached[0].release, kernel.release);
  assert.ok(kernel.image.startsWith(`${cached[0].path}/`));
  assert.ok(cached[0].sizeBytes > 0);
  const named = available.find((one: { release: string }) => one.release === kernel.release);
  assert.equal(named.cached, true);
  assert.equal(named.name, 'debian:6.18.15+deb13');
  assert.match(named.packages[0].sha256, /^[0-9a-f]{64}$/);

  const only = await list(['--cached'], { PATH: '/nonexistent' });
  assert.equal(only.status, 0);
  assert.equal(only.stderr, '');
  assert.match(
    only.stdout,
    /^cached in .*\n6\.18\.15\+deb13-cloud-amd64 +1\.0-1 +trixie-backports +1 MiB\n$/,
  );
});

test('a machine without apt lists what is cached, and one with nothing says what it lacks', async () => {
  const some = await list([], { PATH: '/nonexistent' });
  assert.equal(some.status, 0);
  assert.match(some.stdout, /6\.18\.15/);
  assert.match(some.stderr, /apt-get is not on this machine \(package apt\)/);
  const none = await list([], { PATH: '/nonexistent', STUCKFS_CACHE: `${debian.directory}/none` });
  assert.equal(none.status, 4);
  const unmade = await list([], { STUCKFS_CACHE: '/proc/nothing' });
  assert.equal(unmade.status, 2);
  assert.match(unmade.stderr, /cannot be made or written to \(ENOENT\); set STUCKFS_CACHE/);
});

test('stray words', async () => {
  assert.equal((await list(['6.18'])).status, 2);
  assert.equal((await startCli(['vm']).result).status, 2);
});
