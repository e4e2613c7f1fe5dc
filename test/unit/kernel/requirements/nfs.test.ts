import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkNetworkPrograms, checkNfs } from '../../../../src/kernel/requirements/nfs.js';

const modules = 'kernel/fs/nfs/nfsv4.ko.xz: kernel/fs/nfs/nfs.ko.xz\nkernel/fs/nfsd/nfsd.ko.xz:\n';

test('client and server are there when they are loaded, built in, or modules', () => {
  assert.equal(checkNfs('nodev\tproc\n', modules).state, 'ok');
  assert.equal(checkNfs('nodev\tnfs4\nnodev\tnfsd\n', '').state, 'ok');
});

test('what is missing is named', () => {
  const { state, found } = checkNfs('nodev\tnfsd\n', 'kernel/fs/nfs/nfsv4_other.ko:\n');
  assert.equal(state, 'missing');
  assert.match(found, /a client of NFS 4/);
  assert.doesNotMatch(found, /a server/);
});

test('programs that are not there are named', () => {
  assert.match(checkNetworkPrograms((name) => (name === 'ip' ? undefined : `/bin/${name}`)).found, /: ip$/);
  assert.equal(checkNetworkPrograms((name) => `/bin/${name}`).state, 'ok');
});
