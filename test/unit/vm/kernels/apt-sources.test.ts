/** Which of the sources of a machine is Debian's own, from what `apt-get update --print-uris` says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMirrors } from '../../../../src/vm/kernels/apt-sources.js';

const uris = (...sources: readonly string[]) =>
  sources
    .map((source) => source.split(' '))
    .map(([mirror, suite]) => `'${mirror}/dists/${suite}/InRelease' name_InRelease 0 `)
    .join('\n');

test('the main and the security archive', () => {
  const text = uris(
    'http://mirror.example/debian-security bookworm-security',
    'http://mirror.example/debian bookworm',
    'http://mirror.example/debian bookworm-updates',
  );
  assert.deepEqual(parseMirrors(text), {
    main: 'http://mirror.example/debian',
    security: 'http://mirror.example/debian-security',
  });
});

test('others that use the same code names are not taken for it', () => {
  const text = uris(
    'https://packages.example/linux/debian bookworm',
    'https://other.example/apt bookworm-pgdg',
    'https://mirror.example/debian bookworm',
    'https://mirror.example/debian bookworm-updates',
  );
  assert.deepEqual(parseMirrors(text), { main: 'https://mirror.example/debian', security: undefined });
});

test('a machine of another distribution has none', () => {
  assert.equal(
    parseMirrors(uris('http://archive.example/ubuntu noble', 'http://x.example/y nodistro')),
    undefined,
  );
  assert.equal(parseMirrors(uris('cdrom:[Debian]/ bookworm')), undefined);
  assert.equal(parseMirrors(''), undefined);
});

test('a list of mirrors in a file is passed on as it is', () => {
  const text = uris('mirror+file:/etc/apt/mirrors/debian.list trixie');
  assert.equal(parseMirrors(text)?.main, 'mirror+file:/etc/apt/mirrors/debian.list');
});
