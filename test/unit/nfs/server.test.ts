import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheEntries, onlyVersion4 } from '../../../src/nfs/server.js';

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
