import assert from 'node:assert/strict';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Hanging } from '../../../src/workload/hanging.js';
import { CHUNK_BYTES } from '../../../src/workload/pattern.js';

describe('a thread for a call that may hang', () => {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-hanging-'));
  after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'file');

  it('is ready before it is told what to call, and says how that ended', async () => {
    const hanging = await Hanging.prepare();
    writeFileSync(path, 'made after it was ready');
    hanging.begin({ call: 'stat', path });
    assert.equal(await hanging.ended, null);
  });

  it('tells the errno by name', async () => {
    const hanging = await Hanging.prepare();
    hanging.begin({ call: 'stat', path: join(directory, 'absent') });
    assert.equal(await hanging.ended, 'ENOENT');
  });

  it('writes all of it, out of the buffer that it has, and tells how far it is', async () => {
    const bytes = CHUNK_BYTES + 8192;
    const hanging = await Hanging.prepare(CHUNK_BYTES);
    const pagesWritten = new SharedArrayBuffer(4);
    hanging.begin({ call: 'write', fd: openSync(path, 'w'), bytes, seed: 1, cpu: 0, pagesWritten });
    assert.equal(await hanging.ended, null);
    assert.equal(readFileSync(path).length, bytes);
    assert.equal(Atomics.load(new Int32Array(pagesWritten), 0), bytes / 4096);
  });

  it('reads into the buffer that it has', async () => {
    writeFileSync(path, Buffer.alloc(12_288, 7));
    const hanging = await Hanging.prepare(12_288);
    hanging.begin({ call: 'read', fd: openSync(path, 'r'), bytes: 12_288, cpu: 0 });
    assert.equal(await hanging.ended, null);
  });

  it('that is told nothing ends when it is dismissed', async () => {
    const [idle, busy] = [await Hanging.prepare(), await Hanging.prepare()];
    busy.begin({ call: 'stat', path });
    assert.equal(await idle.dismiss(), true);
    assert.equal(await busy.dismiss(), false);
    assert.equal(await busy.ended, null);
  });
});
