/**
 * Downloads by the machine's real apt, from a mirror of our own that breaks off, stalls, or lies: what was got is gone
 * on with, and only the true bytes are taken.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { download, PackageGoneError } from '../../../src/vm/kernels/download.js';
import { MirrorError } from '../../../src/vm/vm-failure.js';
import { aptTools } from '../../support/debian-mirror.js';
import { requires } from '../../support/requirement.js';

const content = randomBytes(400_000);
const sha256 = createHash('sha256').update(content).digest('hex');
const lastModified = 'Sun, 15 Nov 2026 22:30:00 GMT';
const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-download-'));
const mirrorState = {
  /** After which an answer breaks off, or stalls. */
  limit: content.length,
  /** Gives one piece, and never a byte more. */
  stalls: false,
  body: content,
  /** Names no Last-Modified, so an If-Range never holds. */
  isForgetful: false,
  starts: [] as number[],
};

const server = createServer((request, response) => {
  if (!request.url?.endsWith('/k%2Bernel.deb')) {
    response.writeHead(404).end();
    return;
  }
  const ifRange = request.headers['if-range'];
  const isSame = ifRange === undefined || (ifRange === lastModified && !mirrorState.isForgetful);
  const start = isSame ? Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  const { body, limit, stalls, isForgetful } = mirrorState;
  mirrorState.starts.push(start);
  const headers = { 'accept-ranges': 'bytes', ...(isForgetful ? {} : { 'last-modified': lastModified }) };
  const rest = body.subarray(start);
  const range = start > 0 ? { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` } : {};
  response.writeHead(start > 0 ? 206 : 200, { ...headers, ...range, 'content-length': rest.length });
  if (rest.length <= limit) response.end(rest);
  else if (stalls && mirrorState.starts.length > 1) response.flushHeaders();
  else response.write(rest.subarray(0, limit), () => stalls || setTimeout(() => response.destroy(), 50));
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(scratch, { recursive: true });
});

interface Asked {
  readonly said?: string[];
  readonly filename?: string;
  readonly proxy?: string;
  /** When a silent mirror is given up: late, unless that is what is tested. */
  readonly patienceSeconds?: number;
}

function fetchIt(name: string, asked: Asked = {}) {
  const { said = [], filename = 'pool/k+ernel.deb', proxy = 'DIRECT', patienceSeconds = 60 } = asked;
  const conf = join(scratch, 'apt.conf');
  writeFileSync(
    conf,
    `Acquire::http::Proxy "${proxy}";
Acquire::http::Timeout "${patienceSeconds}";
Acquire::Retries "0";
APT::Sandbox::User "root";
`,
  );
  const one = { name, version: '1', sha256, sizeBytes: content.length, installedBytes: 0, filename };
  const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const noProxies = ['http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];
  const environment = { ...process.env, ...Object.fromEntries(noProxies.map((variable) => [variable, ''])) };
  mirrorState.starts = [];
  return download(one, scratch, {
    environment,
    mirror,
    conf,
    stallMs: patienceSeconds * 1000,
    progress: (line) => said.push(line),
  });
}

const options = requires(...aptTools);

test('a mirror that breaks off is asked for the rest', options, async () => {
  mirrorState.limit = 150_000;
  const said: string[] = [];
  const file = await fetchIt('breaks', { said });
  assert.ok(readFileSync(file).equals(content));
  assert.equal(mirrorState.starts.length, 3);
  assert.deepEqual(
    mirrorState.starts,
    mirrorState.starts.toSorted((a, b) => a - b),
  );
  assert.ok(mirrorState.starts[1] !== undefined && mirrorState.starts[1] > 0, String(mirrorState.starts));
  assert.match(said.join('\n'), /breaks: going on at /);
});

test(
  'also a mirror that names no Last-Modified, and after a kill that left a file of any time',
  options,
  async () => {
    Object.assign(mirrorState, { limit: 250_000, isForgetful: true });
    writeFileSync(join(scratch, `killed_${sha256.slice(0, 16)}.deb`), content.subarray(0, 100_000));
    assert.ok(readFileSync(await fetchIt('killed')).equals(content));
    assert.equal(mirrorState.starts[0], 100_000);
    assert.equal(mirrorState.starts.length, 2);
    mirrorState.isForgetful = false;
  },
);

test('behind a proxy it is left to apt', options, async () => {
  await assert.rejects(fetchIt('proxied', { proxy: 'http://127.0.0.1:1' }), MirrorError);
  assert.deepEqual(mirrorState.starts, []);
});

test('a mirror that stalls is given up, and what was got is kept for the next time', options, async () => {
  Object.assign(mirrorState, { limit: 50_000, stalls: true });
  await assert.rejects(
    fetchIt('stalls', { patienceSeconds: 2 }),
    (error: unknown) =>
      error instanceof MirrorError && /of 0\.4 MiB are kept, and the same command/.test(error.message),
  );
  Object.assign(mirrorState, { limit: content.length, stalls: false });
  assert.ok(readFileSync(await fetchIt('stalls')).equals(content));
  assert.equal(mirrorState.starts.length, 1);
  assert.ok((mirrorState.starts[0] ?? 0) > 0, String(mirrorState.starts));
});

test('other bytes than the index names are refused', options, async () => {
  mirrorState.body = randomBytes(content.length);
  await assert.rejects(fetchIt('lies'), MirrorError);
  mirrorState.body = content;
  assert.ok(readFileSync(await fetchIt('lies')).equals(content));
});

test('a file that is gone is told as gone', options, async () => {
  await assert.rejects(fetchIt('gone', { filename: 'pool/other.deb' }), PackageGoneError);
});
