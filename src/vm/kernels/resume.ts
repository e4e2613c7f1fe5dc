/**
 * The rest of a file that a mirror broke off.  apt asks for it only if the file's time is the mirror's Last-Modified:
 * not after a kill, and not from a mirror that names none.  So the rest is asked for here, and the whole is checked by
 * its checksum; behind a proxy it is left to apt, which knows about it.
 */
import { createWriteStream, existsSync, statSync } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { runTool, type ToolOptions } from '../tool.js';
import { aptGet } from './apt-sources.js';

const aptConfig = { ...aptGet, name: 'apt-config' };
const proxyVariables = ['http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];

interface ResumeOptions extends ToolOptions {
  /** A configuration for apt's `-c`. */
  readonly conf: string;
  /** So long without a byte, and it is given up. */
  readonly stallMs: number;
  readonly onStart: () => void;
}

/** Adds what it can get. @returns whether that was anything */
export async function resumeFile(
  address: string,
  file: string,
  sizeBytes: number,
  options: ResumeOptions,
): Promise<boolean> {
  const before = sizeOf(file);
  if (before === 0 || before >= sizeBytes || !/^https?:/.test(address)) return false;
  if (await goesByProxy(options)) return false;
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(), options.stallMs);
  const signals = [stall.signal, ...(options.signal === undefined ? [] : [options.signal])];
  try {
    const answer = await fetch(address, {
      headers: { range: `bytes=${before}-`, 'accept-encoding': 'identity' },
      signal: AbortSignal.any(signals),
    });
    const isRest = answer.headers.get('content-range') === `bytes ${before}-${sizeBytes - 1}/${sizeBytes}`;
    if (answer.status !== 206 || !isRest || answer.body === null) {
      await answer.body?.cancel();
      return false;
    }
    options.onStart();
    const alive = new Transform({
      transform(chunk, _encoding, done) {
        timer.refresh();
        done(undefined, chunk);
      },
    });
    const body = Readable.fromWeb(answer.body as ReadableStream);
    await pipeline(body, alive, createWriteStream(file, { flags: 'a' }));
  } catch {
    options.signal?.throwIfAborted();
    // What came is kept; the caller sees how much that is.
  } finally {
    clearTimeout(timer);
  }
  return sizeOf(file) > before;
}

async function goesByProxy(options: ResumeOptions): Promise<boolean> {
  if (proxyVariables.some((name) => (options.environment[name] ?? '') !== '')) return true;
  const end = await runTool(aptConfig, ['-c', options.conf, 'dump', 'Acquire'], options);
  return [...end.stdout.matchAll(/^Acquire::\w+::Proxy(?:-Auto-Detect)?(?:::\S+)? "(.+)";$/gim)].some(
    ([, value]) => value !== 'DIRECT',
  );
}

export function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}
