import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { giveUpKeptMemory, KEPT_MEMORY_VARIABLE } from '../../../src/base/kept-memory.js';

describe('giveUpKeptMemory', () => {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-kept-'));
  after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'kept');

  it('removes the file once, and does not ask again', () => {
    const environment = { [KEPT_MEMORY_VARIABLE]: path };
    writeFileSync(path, 'x');
    giveUpKeptMemory(environment);
    assert.equal(existsSync(path), false);
    writeFileSync(path, 'x');
    giveUpKeptMemory(environment);
    assert.equal(existsSync(path), true);
  });

  it('does without one: none is kept, or another ballast was first', () => {
    giveUpKeptMemory({});
    giveUpKeptMemory({ [KEPT_MEMORY_VARIABLE]: '' });
    giveUpKeptMemory({ [KEPT_MEMORY_VARIABLE]: join(directory, 'gone') });
  });

  it('tells what else went wrong', () => {
    assert.throws(() => giveUpKeptMemory({ [KEPT_MEMORY_VARIABLE]: directory }), { syscall: 'unlink' });
  });
});
