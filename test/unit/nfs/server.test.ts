import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheEntries, endGrace, onlyVersion4 } from '../../../src/nfs/server.js';

test("what rpc.mountd would be asked is told in the words of the kernel's caches", () => {
  assert.deepEqual(cacheEntries('192.0.2.2', '/run/a b\\c'), [
    { cache: 'auth.unix.ip', line: 'nfsd 192.0.2.2 2147483647 stuckfs' },
    { cache: 'nfsd.export', line: 'stuckfs /run/a\\040b\\134c 2147483647 9234 65534 65534 0' },
    { cache: 'nfsd.fh', line: 'stuckfs 1 \\x00000000 2147483647 /run/a\\040b\\134c' },
  ]);
});

test('of the versions that the kernel has only 4 is left on', () => {
  assert.equal(onlyVersion4('-2 +3 +4 +4.1 +4.2\n'), '-2 -3 +4 +4.1 +4.2');
  assert.equal(onlyVersion4('+4 +4.1 -4.2\n'), '+4 +4.1 +4.2');
});

test('the grace period is asked to end, and waited for', async () => {
  const nfsd = mkdtempSync(join(tmpdir(), 'stuckfs-nfsd-'));
  const path = join(nfsd, 'v4_end_grace');
  try {
    await assert.rejects(endGrace(nfsd), /v4_end_grace: Y: ENOENT/);
    writeFileSync(path, 'N\n');
    await endGrace(nfsd);
    assert.equal(readFileSync(path, 'utf8'), 'Y\n');
  } finally {
    rmSync(nfsd, { recursive: true });
  }
});
