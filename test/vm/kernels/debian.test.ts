/**
 * Real kernels from the machine's Debian mirror, with its own apt: one package with plain modules (6.1), and a split
 * one with compressed modules (7.x, the newest that there is).
 */
import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findKernel } from '../../../src/vm/find-kernel.js';
import type { GuestKernel } from '../../../src/vm/kernel.js';
import { compareVersions } from '../../../src/vm/kernels/debian-version.js';
import { runCli, startCli } from '../../support/cli.js';
import { aptTools, missingMirror } from '../../support/debian-mirror.js';
import { requires } from '../../support/requirement.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-vm-kernels-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const needed = requires(...aptTools);
const missing = needed.skip === undefined ? await missingMirror(join(scratch, 'probe')) : undefined;
const options = missing === undefined ? needed : { skip: missing };

const cache = join(scratch, 'cache');
const find = (name: string, environment: NodeJS.ProcessEnv = process.env) =>
  findKernel(name, { cache, environment, progress: (line) => process.stdout.write(`${line}\n`) });

/** The dependencies of a module, by modules.dep. */
function moduleLine(kernel: GuestKernel, name: string): string | undefined {
  const text = readFileSync(join(kernel.modules ?? '', 'modules.dep'), 'utf8');
  return text.split('\n').find((line) => new RegExp(`/${name}\\.ko(?:\\.xz)?:`).test(line));
}

function assertBootable(kernel: GuestKernel): void {
  const bytes = Buffer.alloc(0x206);
  const fd = openSync(kernel.image, 'r');
  readSync(fd, bytes, 0, bytes.length, 0);
  closeSync(fd);
  assert.equal(bytes.toString('latin1', 0x202), 'HdrS');
  assert.match(readFileSync(kernel.config ?? '', 'utf8'), /^CONFIG_COMPACTION=y$/m);
  const xfs = moduleLine(kernel, 'xfs');
  assert.match(xfs ?? '', /libcrc32c|crc|:$/);
  const [file = ''] = (xfs ?? '').split(':');
  assert.ok(existsSync(join(kernel.modules ?? '', file)));
}

test('6.1: one package, and modules as they are', options, async () => {
  const kernel = await find('debian:6.1');
  assert.match(kernel.release, /^6\.1\.0-\d+-cloud-amd64$/);
  assertBootable(kernel);
  assert.match(moduleLine(kernel, 'fuse') ?? '', /^kernel\/fs\/fuse\/fuse\.ko:/);
  assert.ok(kernel.source.kind === 'debian');
  assert.match(kernel.source.packages[0]?.sha256 ?? '', /^[0-9a-f]{64}$/);
  // Exactly this one needs nobody any more.
  const again = await find(`debian:${kernel.release}`, { PATH: '/nonexistent' });
  assert.deepEqual({ ...again, name: kernel.name }, kernel);
});

test('the newest split kernel: three packages and compressed modules', options, async () => {
  const listed = await startCli(['vm', 'kernels', '--json'], 200_000, {
    ...process.env,
    STUCKFS_CACHE: cache,
  }).result;
  assert.equal(listed.status, 0, listed.stderr);
  const { available } = JSON.parse(listed.stdout) as {
    available: { series: string; packages: unknown[]; release: string }[];
  };
  const split = available.filter(({ packages }) => packages.length === 3);
  const [newest] = split.sort((a, b) => compareVersions(b.release, a.release));
  assert.ok(newest !== undefined, listed.stdout);
  const kernel = await find(`debian:${newest.series}`);
  assert.equal(kernel.release, newest.release);
  assertBootable(kernel);
  assert.match(moduleLine(kernel, 'xfs') ?? '', /xfs\.ko\.xz:/);
  assert.ok(kernel.source.kind === 'debian' && kernel.source.packages.length === 3);
});

test('no such series: those next to it are named', options, async () => {
  await assert.rejects(find('debian:6.13'), /near ones: .*debian:6\.12/);
  assert.equal((await runCli(['vm', 'kernels', '6.13'])).status, 2);
});
