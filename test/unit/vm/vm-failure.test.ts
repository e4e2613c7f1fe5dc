import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GuestError } from '../../../src/vm/guest/guest-error.js';
import { VmError } from '../../../src/vm/vm-error.js';
import {
  elsewhere,
  isFullDisk,
  MirrorError,
  MissingToolError,
  NoSpaceError,
  ToolFailedError,
} from '../../../src/vm/vm-failure.js';

test('a full disk is told by what the file system says, and with what helps there', () => {
  const said = (code: string) => Object.assign(new Error(code), { code });
  const codes = ['ENOSPC', 'EDQUOT', 'EACCES', 'TAR'];
  assert.deepEqual(
    codes.map((code) => isFullDisk(said(code))),
    [true, true, false, false],
  );
  assert.equal(isFullDisk('ENOSPC'), false);
  assert.match(new NoSpaceError('/c', '2 MiB').message, /^no space left for \/c: 2 MiB; .*STUCKFS_CACHE/);
  const { message } = new NoSpaceError('/o', undefined, { remedy: elsewhere });
  assert.match(message, /for \/o; make room, or .*--out$/);
});

test('what keeps a guest from being made ready never has the status of a failed expectation', () => {
  const statuses = [
    new MissingToolError('dpkg-deb', 'dpkg', 'unpack'),
    new NoSpaceError('/c', undefined),
    new ToolFailedError('depmod', ''),
    new MirrorError('it does not answer'),
    new VmError('VM_QEMU', 'not in PATH', []),
    new GuestError('GUEST_PROGRAM', 'busybox is missing'),
    new GuestError('GUEST_CACHE', 'full'),
    new GuestError('GUEST_KERNEL', 'no ext4'),
    new GuestError('GUEST_INPUT', 'of another kernel'),
    new VmError('VM_PANIC', 'it panicked', []),
  ].map(({ exitStatus }) => exitStatus);
  assert.deepEqual(statuses, [4, 4, 4, 4, 4, 4, 4, 2, 2, 3]);
});
