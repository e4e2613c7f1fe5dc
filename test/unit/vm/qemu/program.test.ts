/** Where QEMU is found, with stand-ins in a PATH of their own. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { findQemu } from '../../../../src/vm/qemu/program.js';

describe('QEMU', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-qemu-'));
  after(() => rmSync(scratch, { recursive: true }));

  function standIn(name: string, body: string, mode = 0o755): string {
    const directory = join(scratch, name);
    mkdirSync(directory);
    const file = join(directory, 'qemu-system-x86_64');
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, mode);
    return directory;
  }

  const says = (version: string): string => `echo "QEMU emulator version ${version}"; echo 'Copyright (c)'`;

  test('is the first of PATH that may be executed', async () => {
    const not = standIn('not', says('9.9.9'), 0o644);
    const old = standIn('first', says('7.2.22 (Debian 1:7.2)'));
    const other = standIn('other', says('10.0.0'));
    assert.deepEqual(await findQemu(`:/no/such/directory:${not}:${old}:${other}`), {
      path: join(old, 'qemu-system-x86_64'),
      version: '7.2.22 (Debian 1:7.2)',
    });
  });

  const refused: readonly (readonly [string, string | undefined, RegExp])[] = [
    ['is missing', join(scratch, 'nothing'), /not in PATH: install qemu-system-x86/],
    ['is missing without a PATH', undefined, /not in PATH/],
    ['is too old', standIn('old', says('7.0.0')), /is 7\.0\.0, which is too old/],
    [
      'does not run',
      standIn('broken', 'echo libfoo.so is missing >&2; exit 127'),
      /does not run.*\n.*libfoo\.so/,
    ],
    ['tells no version', standIn('mute', 'echo hello'), /does not tell its version/],
  ];
  for (const [what, path, why] of refused)
    test(`that ${what} is told so`, async () => {
      await assert.rejects(findQemu(path), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'VM_QEMU');
        assert.match(error.message, why);
        return true;
      });
    });
});
