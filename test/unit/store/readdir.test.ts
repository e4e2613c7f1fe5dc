import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Handle } from '../../../src/store/store.js';
import { Fixture, ok, onEachStore, ROOT } from './fixture.js';

/** The next `nr` names after `cookie`, and the cookie to go on from. */
function page(f: Fixture, handle: Handle, cookie: number, nr: number): [string[], number] {
  const names: string[] = [];
  let next = cookie;
  ok(
    f.store.readdir(handle, cookie, (name, _nodeid, _type, at) => {
      if (names.length === nr) return false;
      names.push(name);
      next = at;
      return true;
    }),
  );
  return [names, next];
}

function all(f: Fixture, handle: Handle, from: number, nr: number): string[] {
  const names: string[] = [];
  for (let cookie = from; ; ) {
    const [some, next] = page(f, handle, cookie, nr);
    if (some.length === 0) return names;
    names.push(...some);
    cookie = next;
  }
}

test('a listing has "." and "..", node ids and types, whatever the size of its pages', () => {
  const f = new Fixture();
  const directory = f.directory('d');
  const sub = f.directory('sub', directory);
  const file = f.file('file', directory);
  const entries: unknown[] = [];
  const handle = ok(f.store.opendir(directory));
  ok(f.store.readdir(handle, 0, (name, nodeid, type) => entries.push([name, nodeid, type]) > 0));
  assert.deepEqual(entries, [
    ['.', directory, 4],
    ['..', ROOT, 4],
    ['sub', sub, 4],
    ['file', file, 8],
  ]);
  for (const nr of [1, 2, 3, 100]) assert.deepEqual(all(f, handle, 0, nr), ['.', '..', 'sub', 'file']);
});

onEachStore(
  'entries that stay are seen exactly once while others come and go, through a compaction too',
  (f) => {
    for (let nr = 0; nr < 200; nr++) f.file(`f${nr}`);
    const handle = ok(f.store.opendir(ROOT));
    const [head, cookie] = page(f, handle, 0, 50);
    for (let nr = 0; nr < 200; nr++) if (nr % 10 !== 0) ok(f.store.unlink(ROOT, `f${nr}`));
    for (let nr = 0; nr < 30; nr++) f.file(`new${nr}`);
    const stayed = [...head, ...all(f, handle, cookie, 7)].filter((name) => /^f\d*0$/.test(name));
    assert.deepEqual(stayed.toSorted(), Array.from({ length: 20 }, (_, nr) => `f${nr * 10}`).toSorted());
  },
);

test('a cookie stays good when its own entry is removed', () => {
  const f = new Fixture();
  for (const name of ['a', 'b', 'c', 'd']) f.file(name);
  const handle = ok(f.store.opendir(ROOT));
  const [, afterB] = page(f, handle, 0, 4);
  ok(f.store.unlink(ROOT, 'b'));
  ok(f.store.unlink(ROOT, 'c'));
  assert.deepEqual(all(f, handle, afterB, 1), ['d']);
});

test('names that come after opendir show after a rewind, so renaming what is listed comes to an end', () => {
  const f = new Fixture();
  for (const name of ['a', 'b', 'c']) f.file(name);
  const handle = ok(f.store.opendir(ROOT));
  const seen: string[] = [];
  for (let cookie = 0; ; ) {
    const [names, next] = page(f, handle, cookie, 1);
    const [name] = names;
    if (name === undefined) break;
    assert.ok(seen.push(name) <= 5, `${seen} does not end`);
    if (!name.startsWith('.')) ok(f.store.rename(ROOT, name, ROOT, `${name}x`, 0));
    cookie = next;
  }
  assert.deepEqual(seen, ['.', '..', 'a', 'b', 'c']);
  assert.deepEqual(all(f, handle, 0, 2), ['.', '..', 'ax', 'bx', 'cx']);
});

test('a name that is replaced by a rename is neither skipped nor repeated', () => {
  const f = new Fixture();
  for (const name of ['temporary', 'a', 'config', 'z']) f.file(name);
  const handle = ok(f.store.opendir(ROOT));
  const [, cookie] = page(f, handle, 0, 4);
  ok(f.store.rename(ROOT, 'temporary', ROOT, 'config', 0));
  assert.deepEqual(all(f, handle, cookie, 1), ['config', 'z']);
});

onEachStore('a visitor may change the directory that it visits', (f) => {
  for (let nr = 0; nr < 100; nr++) f.file(`${nr}`);
  const handle = ok(f.store.opendir(ROOT));
  let nrSeen = 0;
  ok(
    f.store.readdir(handle, 0, (name) => {
      if (!name.startsWith('.')) {
        ok(f.store.unlink(ROOT, name));
        nrSeen++;
      }
      return true;
    }),
  );
  assert.equal(nrSeen, 100);
  assert.deepEqual(f.names(ROOT), ['.', '..']);
});

onEachStore('after a rewind the directory is listed as it is then', (f) => {
  f.file('a');
  const handle = ok(f.store.opendir(ROOT));
  assert.deepEqual(all(f, handle, 0, 1).toSorted(), ['.', '..', 'a']);
  f.file('b');
  assert.deepEqual(all(f, handle, 0, 1).toSorted(), ['.', '..', 'a', 'b']);
  ok(f.store.release(handle));
});
