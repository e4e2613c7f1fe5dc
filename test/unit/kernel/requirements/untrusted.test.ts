/** Requirements of untrusted-mount: what each setting of a machine is found to be, with its remedy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  checkDeviceNode,
  checkPrograms,
  checkReadableByOthers,
  checkUserNamespaces,
  type FileMode,
} from '../../../../src/kernel/requirements/untrusted.js';

describe('user namespaces', () => {
  const allowed = {
    maxUserNamespaces: '96365\n',
    unprivilegedUsernsClone: undefined,
    apparmorRestrictUnprivilegedUserns: undefined,
  };

  test('are there where the kernel sets no limit but their number', () => {
    assert.deepEqual(checkUserNamespaces(allowed), {
      state: 'ok',
      found: 'for unprivileged users, up to 96365',
    });
    const debian = { ...allowed, unprivilegedUsernsClone: '1\n' };
    assert.equal(checkUserNamespaces(debian).state, 'ok');
    const ubuntu = { ...allowed, apparmorRestrictUnprivilegedUserns: '0\n' };
    assert.equal(checkUserNamespaces(ubuntu).state, 'ok');
  });

  const off: readonly (readonly [settings: object, found: RegExp, remedy: RegExp])[] = [
    [{ maxUserNamespaces: undefined }, /^none in this kernel$/, /CONFIG_USER_NS/],
    [{ maxUserNamespaces: '0\n' }, /^user\.max_user_namespaces is 0$/, /^sysctl user\.max_user_namespaces=/],
    [{ unprivilegedUsernsClone: '0\n' }, /unprivileged_userns_clone is 0/, /^sysctl kernel\.unpriv.*=1/],
    [{ apparmorRestrictUnprivilegedUserns: '1\n' }, /apparmor_restrict.* is on/, /^sysctl kernel\.app.*=0/],
    [{ apparmorRestrictUnprivilegedUserns: '2\n' }, /apparmor_restrict.* is on/, /^sysctl kernel\.app.*=0/],
  ];
  for (const [settings, found, remedy] of off) {
    test(`are missing with ${JSON.stringify(settings)}`, () => {
      const finding = checkUserNamespaces({ ...allowed, ...settings });
      assert.equal(finding.state, 'missing');
      assert.match(finding.found, found);
      assert.match('remedy' in finding ? finding.remedy : '', remedy);
    });
  }
});

test('programs: all of them, or the names of those that are not there', () => {
  assert.equal(checkPrograms((name) => `/usr/bin/${name}`).state, 'ok');
  const finding = checkPrograms((name) => (/priv|node$/.test(name) ? undefined : name));
  assert.equal(finding.state, 'missing');
  assert.equal(finding.found, 'not in PATH: setpriv');
});

test('a device node wants CAP_MKNOD', () => {
  assert.equal(checkDeviceNode(1n << 27n).state, 'ok');
  assert.equal(checkDeviceNode(0xffn).state, 'missing');
});

describe('a checkout that others can read', () => {
  const files: Readonly<Record<string, FileMode>> = {
    '/': { mode: 0o755, isDirectory: true },
    '/opt': { mode: 0o711, isDirectory: true },
    '/opt/node': { mode: 0o755, isDirectory: false },
    '/opt/secret.js': { mode: 0o600, isDirectory: false },
    '/root': { mode: 0o700, isDirectory: true },
    '/root/main.js': { mode: 0o644, isDirectory: false },
  };
  const check = (...paths: readonly string[]) =>
    checkReadableByOthers(paths, (path) => {
      const file = files[path];
      assert.ok(file, path);
      return file;
    });

  test('is found where every directory may be searched and every file read', () => {
    assert.equal(check('/opt/node').state, 'ok');
  });

  for (const [path, culprit] of [
    ['/root/main.js', '/root'],
    ['/opt/secret.js', '/opt/secret.js'],
  ] as const) {
    test(`is missing for ${culprit}, which is named`, () => {
      const finding = check('/opt/node', path);
      assert.equal(finding.state, 'missing');
      assert.equal(finding.found, `user 65534 may not read ${culprit}`);
    });
  }

  test('is missing below /run, where the user has a filesystem of its own', () => {
    assert.match(check('/run/x/main.js').found, /^\/run\/x\/main\.js is below \/run$/);
  });
});
