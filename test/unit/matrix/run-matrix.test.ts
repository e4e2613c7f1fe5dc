import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nameKernels } from '../../../src/matrix/prepare-kernels.js';
import { playAndTell } from '../../../src/matrix/run-matrix.js';
import { aMatrix, fakeBoot, preparedFor } from './fake-play.js';

describe('the kernels of a matrix', () => {
  const named = (given: readonly string[], modules?: string) =>
    nameKernels(given, modules).map(({ label, name, modules: own }) => [label, name, own]);

  test('have labels that tell them apart; a path is made absolute', () => {
    assert.deepEqual(named(['6.1', 'debian:6.18.15']), [
      ['6.1', 'debian:6.1', null],
      ['6.18.15', 'debian:6.18.15', null],
    ]);
    assert.deepEqual(named(['/a/bzImage', '/b/bzImage', '/c/linux 1.deb', '/d/.hidden']), [
      ['bzImage', '/a/bzImage', null],
      ['bzImage_2', '/b/bzImage', null],
      ['linux_1.deb', '/c/linux 1.deb', null],
      ['_hidden', '/d/.hidden', null],
    ]);
    const alike = ['/a/bzImage', '/b/bzImage', '/c/bzImage_2', '6.19~rc5'];
    assert.deepEqual(
      named(alike).map(([label]) => label),
      ['bzImage', 'bzImage_2', 'bzImage_2_3', '6.19_rc5'],
    );
    assert.deepEqual(named(['bzImage', '6.1'], 'm'), [
      ['bzImage', join(process.cwd(), 'bzImage'), join(process.cwd(), 'm')],
      ['6.1', 'debian:6.1', null],
    ]);
  });

  test('are refused by the name of the option', () => {
    const refused = (given: readonly string[], field: string, modules?: string) =>
      assert.throws(() => nameKernels(given, modules), { code: 'USAGE', field });
    refused(['6.1', 'debian:6.1'], '--kernels');
    refused(['debian:'], '--kernels');
    refused(['6.1'], '--modules', '/m');
    refused(['/a', '/b'], '--modules', '/m');
  });
});

describe('a matrix that is told', () => {
  const options = (lines: string[], more: object) => ({
    ...({ accel: 'tcg', cache: '/nowhere', jobs: 1, timeLimitMs: undefined } as const),
    progress: (line: string) => lines.push(line),
    signal: new AbortController().signal,
    ...more,
  });
  const words = { scenarios: ['writeback-held'] };

  test('is in its directory, too; the exit status is that of its verdict', async (t) => {
    const matrix = aMatrix(t, { words });
    const { boot } = fakeBoot(t);
    const end = await playAndTell(matrix, preparedFor(matrix), options([], { boot }));
    assert.equal(end.exitStatus, 0);
    assert.deepEqual(JSON.parse(readFileSync(join(matrix.path, 'matrix.json'), 'utf8')), end.matrix);
    assert.equal(readFileSync(join(matrix.path, 'matrix.txt'), 'utf8'), end.terminal);
  });

  test('ends at its time limit: what has not ended is unknown, and can go on', async (t) => {
    const matrix = aMatrix(t, { words });
    const { boot } = fakeBoot(t, async ({ signal }) => {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      signal.throwIfAborted();
    });
    const lines: string[] = [];
    const end = await playAndTell(matrix, preparedFor(matrix), options(lines, { boot, timeLimitMs: 500 }));
    assert.equal(end.exitStatus, 3);
    assert.ok(end.matrix.boots.every(({ state }) => state === 'not-played'));
    assert.ok(
      lines.some((line) =>
        line.includes(`time limit has passed; go on with: stuckfs matrix --resume ${matrix.path}`),
      ),
    );
  });

  test('that is interrupted says how to go on, lets go of the directory, and throws why', async (t) => {
    const matrix = aMatrix(t, { words });
    const stop = new AbortController();
    const { boot } = fakeBoot(t, ({ signal }) => {
      stop.abort(new Error('Ctrl-C'));
      signal.throwIfAborted();
    });
    const lines: string[] = [];
    const { signal } = stop;
    await assert.rejects(
      playAndTell(matrix, preparedFor(matrix), options(lines, { boot, signal })),
      /Ctrl-C/,
    );
    assert.ok(lines.some((line) => line.includes('--resume')));
    matrix.lock()();
    assert.ok(!existsSync(join(matrix.path, 'matrix.json')));
  });
});
