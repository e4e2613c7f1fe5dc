/** What test/support/requirement.ts says is missing, for machines that this one is not. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  command,
  kernelFile,
  missingCommand,
  missingDevFuse,
  missingRoot,
  requires,
} from '../../support/requirement.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-requirement-'));
after(() => rmSync(scratch, { recursive: true }));

describe('requires', () => {
  test('gives no skip when everything is there', () => {
    assert.deepEqual(
      requires(() => undefined),
      {},
    );
    assert.deepEqual(requires(), {});
  });

  test('names everything that is missing, in the order asked for', () => {
    const options = requires(
      () => 'a is missing',
      () => undefined,
      () => 'b is missing',
    );
    assert.deepEqual(options, { skip: 'a is missing; b is missing' });
  });
});

describe('root', () => {
  test('is missing for another uid, whatever its capabilities', () => {
    assert.equal(
      missingRoot(1000, 'CapEff:\t000001ffffffffff\n'),
      'root is missing (effective uid 1000): run it with sudo',
    );
  });

  test('is there with CAP_SYS_ADMIN alone', () => {
    assert.equal(missingRoot(0, 'Name:\tx\nCapEff:\t0000000000200000\nCapBnd:\t0\n'), undefined);
  });

  test('is missing for a root of a container that lacks only CAP_SYS_ADMIN', () => {
    assert.match(
      missingRoot(0, 'CapEff:\t000001ffffdfffff\n') ?? '',
      /^CAP_SYS_ADMIN is missing .*--cap-add/,
    );
  });

  test('a status without CapEff is an error, not a guess', () => {
    assert.throws(() => missingRoot(0, 'Name:\tx\n'), { code: 'MALFORMED_STATUS' });
  });
});

describe('devFuse', () => {
  test('an absent device names the module and the container option', () => {
    const path = join(scratch, 'fuse');
    assert.equal(
      missingDevFuse(path),
      `${path} is missing: run modprobe fuse, or start the container with --device /dev/fuse`,
    );
  });

  test('what cannot be opened for writing says why', () => {
    assert.match(missingDevFuse(scratch) ?? '', /cannot be opened \(EISDIR\)/);
  });

  test('what opens is there', () => {
    assert.equal(missingDevFuse('/dev/null'), undefined);
  });
});

describe('command', () => {
  test('is found in any directory of PATH if it may be executed', () => {
    const bin = join(scratch, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'tool'), '');
    const missing = 'tool is missing: run apt-get install tool-package';
    chmodSync(join(bin, 'tool'), 0o644);
    assert.equal(missingCommand('tool', 'tool-package', bin), missing);
    chmodSync(join(bin, 'tool'), 0o755);
    assert.equal(missingCommand('tool', 'tool-package', `/nowhere:${bin}`), undefined);
    assert.equal(missingCommand('tool', 'tool-package', '/nowhere'), missing);
  });

  test('looks in the PATH of this process', () => {
    assert.deepEqual(requires(command('sh', 'dash')), {});
    assert.deepEqual(requires(command('no-such-tool', 'none')), {
      skip: 'no-such-tool is missing: run apt-get install none',
    });
  });
});

describe('kernelFile', () => {
  test('names the file and what brings it', () => {
    assert.deepEqual(requires(kernelFile('/proc/self/status', 'CONFIG_PROC_FS=y')), {});
    assert.deepEqual(requires(kernelFile('/proc/no-such-file', 'CONFIG_X=y')), {
      skip: '/proc/no-such-file is missing: the kernel needs CONFIG_X=y',
    });
  });
});
