/**
 * Fetches the packages of a kernel with apt's own helper, which checks the SHA-256 that the signed index names and
 * keeps what a mirror that breaks off has given; `apt-get download` would throw it away.  The rest is asked for, now
 * or the next time.  Nothing is taken that does not have its checksum, checked here once more.
 */
import { createHash } from 'node:crypto';
import { createReadStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Progress } from '../cache.js';
import { reasonOf, runTool, type ToolOptions } from '../tool.js';
import { MirrorError } from '../vm-failure.js';
import { aptHelper } from './apt-sources.js';
import type { DebianPackage } from './debian-packages.js';
import { resumeFile, sizeOf } from './resume.js';

/** It is given up after so many attempts that brought nothing, one after the other. */
const vainAttempts = 2;
/** As apt's own, in apt-suite.ts. */
const STALL_MS = 20_000;
const mebibyte = 2 ** 20;

/** The mirror no longer has the file: its index has changed since it was asked. */
export class PackageGoneError extends MirrorError {}

interface DownloadOptions extends ToolOptions {
  readonly progress: Progress;
  readonly mirror: string;
  /** A configuration for apt's `-c`. */
  readonly conf: string;
  /** So long without a byte, and it is given up for this time. */
  readonly stallMs?: number;
}

/**
 * The file of a package below `directory`, whole.
 * @throws {MirrorError | PackageGoneError | NoSpaceError}
 */
export async function download(
  one: DebianPackage,
  directory: string,
  options: DownloadOptions,
): Promise<string> {
  const file = join(directory, `${one.name}_${one.sha256.slice(0, 16)}.deb`);
  const address = `${options.mirror}/${one.filename.split('/').map(quoted).join('/')}`;
  const words = ['-q', '-c', options.conf, 'download-file', address, file, `SHA256:${one.sha256}`];
  const { stallMs = STALL_MS } = options;
  let reason = 'its checksum is wrong';
  for (let vain = 0; vain < vainAttempts; ) {
    const before = sizeOf(file);
    if (before >= one.sizeBytes) {
      if ((await sha256Of(file)) === one.sha256) return file;
      options.progress(`${one.name}: what was fetched has another checksum than the signed index names`);
      rmSync(file);
      vain += 1;
      continue;
    }
    const onStart = () =>
      options.progress(`${one.name}: going on at ${mib(before)} of ${mib(one.sizeBytes)} MiB`);
    if (await resumeFile(address, file, one.sizeBytes, { ...options, stallMs, onStart })) continue;
    const there = before === 0 ? '' : `${mib(before)} of `;
    options.progress(`fetching ${one.name} ${one.version} (${there}${mib(one.sizeBytes)} MiB)`);
    const end = await runTool(aptHelper, words, { ...options, writesTo: file });
    if (end.status === 0) {
      vain += Number(sizeOf(file) < one.sizeBytes);
      continue;
    }
    reason = failure(end.said);
    if (/\b404\b/.test(end.said))
      throw new PackageGoneError(`${one.name} is gone from the mirror: ${reason}`);
    // A mirror that begins anew each time brings nothing either.
    vain = sizeOf(file) > before ? 0 : vain + 1;
  }
  const got = `${mib(sizeOf(file))} of ${mib(one.sizeBytes)} MiB are kept, and the same command goes on from there`;
  throw new MirrorError(`${one.name} could not be fetched: ${reason}; ${got}`);
}

/** The reasons stand in the line after `Err:`, the error lines say only that it failed. */
function failure(said: string): string {
  const reasons = [...said.matchAll(/^Err:.*\n\s+(.*)$/gm)].map(([, reason = '']) => reason.trim());
  return reasons.at(-1) ?? reasonOf(said);
}

/** As apt writes it: some mirrors take a plus for a blank. */
function quoted(part: string): string {
  return encodeURIComponent(part).replaceAll('~', '%7e').replaceAll('%3A', ':');
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function mib(bytes: number): string {
  return (bytes / mebibyte).toFixed(1);
}
