/** The life of a QEMU, played by a shell: it ends with its runner, and one that does not start leaves nothing. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startQemu } from '../../../../src/vm/qemu/qemu-process.js';
import { eventually } from '../../../support/eventually.js';
import { isRunning } from '../../../support/test-vm.js';

describe('a program that is launched', () => {
  const main = fileURLToPath(new URL('../../../support/launch-runner-main.js', import.meta.url));
  let runner: ChildProcess | undefined;
  afterEach(() => runner?.kill('SIGKILL'));

  function start(mode: string): string[] {
    const child = spawn(process.execPath, [main, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
    runner = child;
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    return lines;
  }

  test('is gone within 10 s of SIGKILL of its runner', async () => {
    const lines = start('runner');
    const said = await eventually('it runs', 60_000, () => lines.find((line) => line.startsWith('runs')));
    const pid = Number(said.split(' ')[1]);
    assert.ok(isRunning(pid));
    runner?.kill('SIGKILL');
    await eventually('it is gone', 10_000, () => !isRunning(pid));
  });

  test('does not begin where its runner has ended before', async () => {
    const lines = start('stranger');
    await eventually('it has ended', 60_000, () => lines.length > 0);
    assert.deepEqual(lines, ['ended 1']);
  });
});

describe('a QEMU that does not start', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-start-'));
  const before = process.env['TMPDIR'];
  after(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(scratch, { recursive: true });
  });

  test('is told with what it said, and leaves no socket', async () => {
    const program = join(scratch, 'qemu');
    writeFileSync(program, '#!/bin/sh\nprintf "%s\\033[2J: no such machine\\n" "$2" >&2\nexit 1\n');
    chmodSync(program, 0o755);
    process.env['TMPDIR'] = scratch;
    await assert.rejects(startQemu(program, ['-machine', 'q36']), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'VM_QEMU');
      assert.match(error.message, /did not start\n {2}\| q36: no such machine$/);
      return true;
    });
    assert.deepEqual(readdirSync(scratch), ['qemu']);
  });

  test('is told so where there is no such program', async () => {
    await assert.rejects(startQemu(join(scratch, 'none'), []), {
      code: 'VM_QEMU',
      message: /cannot be executed/,
    });
    assert.deepEqual(readdirSync(scratch), ['qemu']);
  });

  test('because of TMPDIR is told so', async () => {
    for (const name of ['none', 'x'.repeat(120)]) {
      process.env['TMPDIR'] = join(scratch, name);
      if (name !== 'none') mkdirSync(join(scratch, name));
      await assert.rejects(startQemu('/bin/true', []), { code: 'USAGE', field: 'TMPDIR' });
    }
    assert.deepEqual(readdirSync(join(scratch, 'x'.repeat(120))), []);
  });
});
