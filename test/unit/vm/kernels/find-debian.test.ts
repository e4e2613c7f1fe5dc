/** From a name to a kernel in the cache, over a mirror that fails in every way that it can. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UsageError } from '../../../../src/base/errors.js';
import { findKernel } from '../../../../src/vm/find-kernel.js';
import { MirrorError, MissingToolError, NoSpaceError } from '../../../../src/vm/vm-failure.js';
import { FakeDebian } from './fake-debian.js';

const old = '6.18.9+deb13-cloud-amd64';
const release = '6.18.15+deb13-cloud-amd64';
const split = '7.3.4+deb13-cloud-amd64';

function machine(...releases: readonly string[]) {
  const debian = new FakeDebian();
  for (const one of releases) debian.add({ release: one, isSplit: one.startsWith('7') });
  const said: string[] = [];
  const { cache, environment } = debian;
  const find = (name: string, extra = {}) =>
    findKernel(name, { cache, environment, progress: (line) => said.push(line), ...extra });
  const kernels = () =>
    existsSync(join(cache, 'kernels')) ? readdirSync(join(cache, 'kernels')).sort() : [];
  /** Old enough to be asked for again. */
  const age = () => {
    const file = join(cache, 'apt', 'trixie-backports', 'kernels.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"askedAt": "\d+/, '"askedAt": "2001'));
  };
  return { debian, said, find, kernels, age, [Symbol.dispose]: () => debian[Symbol.dispose]() };
}

test('the newest of a series, cached by its exact version', async () => {
  using here = machine(old, release);
  const kernel = await here.find('debian:6.18');
  const entry = join(here.debian.cache, 'kernels', `${release}_1.0-1`);
  assert.deepEqual(kernel, {
    name: 'debian:6.18',
    release,
    image: join(entry, 'vmlinuz'),
    modules: join(entry, 'lib/modules', release),
    config: join(entry, 'config'),
    source: {
      kind: 'debian',
      suite: 'trixie-backports',
      packages: kernel.source.kind === 'debian' ? kernel.source.packages : [],
    },
  });
  assert.ok(kernel.source.kind === 'debian');
  assert.deepEqual(
    kernel.source.packages.map(({ name, sha256 }) => [name, sha256.length]),
    [[`linux-image-${release}`, 64]],
  );
  assert.ok(existsSync(join(kernel.modules ?? '', 'modules.dep')));
  assert.deepEqual(readdirSync(entry).sort(), ['config', 'kernel.json', 'lib', 'usr', 'vmlinuz']);
  assert.deepEqual(here.kernels(), [`${release}_1.0-1`, `${release}_1.0-1.lock`]);

  here.debian.takeLog();
  assert.deepEqual({ ...(await here.find('6.18')), name: '' }, { ...kernel, name: '' });
  assert.deepEqual(here.debian.takeLog(), [], 'the mirror was asked for what is cached');
});

test('the packages of a split kernel come together', async () => {
  using here = machine(split);
  const kernel = await here.find('7.3');
  assert.equal(kernel.release, split);
  assert.ok(existsSync(join(kernel.modules ?? '', 'kernel/fuse.ko')));
  assert.match(readFileSync(kernel.config ?? '', 'utf8'), /COMPACTION/);
  assert.ok(kernel.source.kind === 'debian' && kernel.source.packages.length === 3);
});

test('a mirror that breaks off is gone on with, in the same run and in the next', async () => {
  using here = machine(release);
  here.debian.breakAfter(9000);
  await here.find('6.18');
  assert.ok(here.debian.takeLog().filter((line) => line.startsWith('download')).length > 1);
  assert.match(here.said.join('\n'), /\(0\.0 of 0\.0 MiB\)/);

  using slow = machine(release);
  slow.debian.breakAfter(1000);
  slow.debian.set('dead', true);
  await assert.rejects(
    slow.find('6.18'),
    (error: unknown) =>
      error instanceof MirrorError &&
      error.exitStatus === 4 &&
      /Connection timed out .* are kept, and the same command goes on/.test(error.message),
  );
  assert.deepEqual(slow.kernels(), [`${release}_1.0-1.debs`, `${release}_1.0-1.lock`]);
  slow.debian.breakAfter(2 ** 30);
  slow.debian.set('dead', false);
  slow.debian.takeLog();
  assert.equal((await slow.find('6.18')).release, release);
  assert.equal(slow.debian.takeLog().length, 1, 'one download of the rest');
  assert.deepEqual(slow.kernels(), [`${release}_1.0-1`, `${release}_1.0-1.lock`]);
});

test('what does not have its checksum is never used', async () => {
  using here = machine(release);
  const [debs] = [join(here.debian.cache, 'kernels', `${release}_1.0-1.debs`)];
  here.debian.breakAfter(0);
  await assert.rejects(here.find('6.18'), MirrorError);
  const [file = ''] = readdirSync(debs);
  // As long as the whole, and of other bytes; the mirror then gives the true ones.
  const size = Number(/"sizeBytes": (\d+)/.exec(listText(here.debian.cache))?.[1]);
  writeFileSync(join(debs, file), Buffer.alloc(size, 1));
  here.debian.breakAfter(2 ** 30);
  assert.equal((await here.find('6.18')).release, release);
  assert.match(here.said.join('\n'), /another checksum than the signed index names/);
});

function listText(cache: string): string {
  return readFileSync(join(cache, 'apt', 'trixie-backports', 'kernels.json'), 'utf8');
}

test('without the mirror what is cached is used, and that is said', async () => {
  using here = machine(old);
  await here.find('6.18');
  here.debian.add({ release });
  here.age();
  here.debian.set('offline', true);
  assert.equal((await here.find('6.18')).release, old);
  assert.match(here.said.join('\n'), /cannot be asked: E: Failed to fetch/);
  await assert.rejects(here.find('6.12'), /cannot be asked/);

  // Back again, the newer one is taken.
  here.debian.set('offline', false);
  assert.equal((await here.find('6.18')).release, release);

  // Known to be there, and not to be had: the older one.
  here.debian.add({ release: '6.18.20+deb13-cloud-amd64' });
  here.age();
  here.debian.breakAfter(0);
  assert.equal((await here.find('6.18')).release, release);
  assert.match(
    here.said.join('\n'),
    /could not be fetched.*; using 6\.18\.15\+deb13-cloud-amd64, which is cached/,
  );
});

test('without apt what is cached is used; else it is told what is needed', async () => {
  using here = machine(release);
  const environment = { PATH: '/nonexistent' };
  await assert.rejects(
    here.find('6.18', { environment }),
    (error: unknown) =>
      error instanceof MissingToolError &&
      error.exitStatus === 4 &&
      /apt-get .*package apt/.test(error.message),
  );
  await here.find('6.18');
  assert.equal((await here.find('6.18', { environment })).release, release);
  assert.match(here.said.join('\n'), /apt-get is not on this machine.*which is cached/);
});

test('a machine that is no Debian is told how to name a mirror', async () => {
  using here = machine(release);
  here.debian.set('foreign', true);
  await assert.rejects(here.find('6.18'), /name no Debian mirror; set STUCKFS_DEBIAN_MIRROR/);
  const environment = { ...here.debian.environment, STUCKFS_DEBIAN_MIRROR: 'http://chosen.example/debian/' };
  assert.equal((await here.find('6.18', { environment })).release, release);
  const sources = readFileSync(join(here.debian.cache, 'apt/trixie-backports/sources.list'), 'utf8');
  assert.match(sources, /^deb \[arch=amd64.*\] http:\/\/chosen\.example\/debian trixie-backports main$/m);
});

test('a mirror that was chosen and does not answer is not replaced by the one that was asked before', async () => {
  using here = machine(old, release);
  await here.find('debian:6.18.9');
  here.debian.set('offline', true);
  const environment = { ...here.debian.environment, STUCKFS_DEBIAN_MIRROR: 'http://chosen.example/debian' };
  here.debian.takeLog();
  // The newest is cached nowhere, and the list of the other mirror has it.
  assert.equal((await here.find('6.18', { environment })).release, old);
  assert.match(here.said.join('\n'), /cannot be asked: .*; using 6\.18\.9\S*, which is cached/);
  assert.deepEqual(here.debian.takeLog(), []);
});

test('a package that has left the mirror has its suite asked again', async () => {
  using here = machine(old, release);
  await here.find('debian:6.18.9');
  here.debian.removeFromPool(`image-${release}`);
  here.debian.add({ release: '6.18.16+deb13-cloud-amd64' });
  assert.equal((await here.find('6.18')).release, '6.18.16+deb13-cloud-amd64');
  assert.match(here.said.join('\n'), /is gone from the mirror: 404.*asking trixie-backports again/);
});

test('no such kernel: near ones are named', async () => {
  using here = machine('6.12.5+deb13-cloud-amd64', '6.17.2+deb13-cloud-amd64', release, split);
  const usage = (text: RegExp) => (error: unknown) =>
    error instanceof UsageError && error.exitStatus === 2 && text.test(error.message);
  await assert.rejects(
    here.find('debian:6.16'),
    usage(/near ones: debian:6\.12, debian:6\.17, debian:6\.18, debian:7\.3;/),
  );
  await assert.rejects(here.find('6.18.3'), usage(/near ones: debian:6\.18\.15\+deb13-cloud-amd64;/));
  await assert.rejects(
    here.find('6.18', { modules: '/m' }),
    usage(/--modules.*goes with the path of a bzImage/),
  );
  assert.deepEqual(here.kernels(), []);
});

test('a full disk is told as such, and leaves no entry', async () => {
  using here = machine(release);
  here.debian.set('full', true);
  await assert.rejects(
    here.find('6.18'),
    (error: unknown) =>
      error instanceof NoSpaceError &&
      /no space left for .*image-6\.18\.15\+deb13-cloud-amd64_\w+\.deb: apt-helper met/.test(error.message),
  );
  here.debian.set('full', false);
  assert.equal((await here.find('6.18')).release, release);
});

test('a kernel without FUSE or compaction is refused before anything boots', async () => {
  using here = machine();
  here.debian.add({ release, config: 'CONFIG_FUSE_FS=y\n# CONFIG_COMPACTION is not set\n' });
  await assert.rejects(
    here.find('6.18'),
    (error: unknown) => error instanceof UsageError && /lacks CONFIG_COMPACTION/.test(error.message),
  );
});

test('Ctrl-C ends the download and leaves no entry', async () => {
  using here = machine(release);
  const stop = new AbortController();
  const progress = (line: string) => {
    if (line.startsWith('fetching')) stop.abort(new Error('ended by the user'));
  };
  await assert.rejects(here.find('6.18', { progress, signal: stop.signal }), /ended by the user/);
  assert.ok(!here.kernels().includes(`${release}_1.0-1`));
  rmSync(join(here.debian.cache, 'kernels'), { recursive: true });
});
