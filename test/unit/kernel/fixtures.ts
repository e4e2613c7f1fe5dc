/** What the tests of the kernel room share: fixture texts, and directories that stand for /. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { KernelFileError, type KernelFileErrorCode } from '../../../src/kernel/kernel-file.js';

/** The text of test/unit/kernel/fixtures/NAME; the compiled tests lie in dist/test/unit/kernel. */
export function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, '../../../../test/unit/kernel/fixtures', name), 'utf8');
}

/** A directory with these files (absolute names), removed after the test. */
export function fakeRoot(
  context: TestContext,
  files: { readonly [file: string]: string | Uint8Array },
): string {
  const root = mkdtempSync(join(tmpdir(), 'stuckfs-kernel-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), content);
  }
  return root;
}

interface Expected {
  readonly file?: string;
  readonly line?: number;
  readonly errno?: number;
  readonly expected?: RegExp;
}

/** A check for assert.throws: the kernel room's error, with this code and these particulars. */
export function kernelFileError(code: KernelFileErrorCode, particulars: Expected = {}) {
  return (error: unknown): boolean =>
    error instanceof KernelFileError &&
    error.code === code &&
    (particulars.file === undefined || error.file === particulars.file) &&
    (particulars.line === undefined || error.line === particulars.line) &&
    (particulars.errno === undefined || error.errno === particulars.errno) &&
    (particulars.expected === undefined || particulars.expected.test(error.expected));
}
