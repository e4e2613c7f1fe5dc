/** The tree under any sequence of operations on names: counts agree with names, and nothing is left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NodeId } from '../../../src/base/branded.js';
import { isFailure } from '../../../src/store/failure.js';
import { S_IFDIR, S_IFMT, S_IFREG } from '../../../src/store/mode.js';
import { Fixture, ok, owner, ROOT, withBackingStore } from './fixture.js';

/** Few names, so that they collide. A directory is picked from those made so far, gone ones too. */
const name = fc.constantFrom('a', 'b', 'c', 'd');
const pick = fc.nat({ max: 7 });
const place = { parent: pick, name };
const step = fc.oneof(
  fc.record({ do: fc.constantFrom('mknod' as const, 'mkdir' as const, 'symlink' as const), ...place }),
  fc.record({ do: fc.constantFrom('unlink' as const, 'rmdir' as const, 'remember' as const), ...place }),
  fc.record({ do: fc.constant('link' as const), ...place, newParent: pick, newName: name }),
  fc.record({
    do: fc.constant('rename' as const),
    ...place,
    newParent: pick,
    newName: name,
    flags: fc.constantFrom(0, 0, 1, 2),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Tree extends Fixture {
  readonly directories: NodeId[] = [ROOT];
  readonly remembered: NodeId[] = [];

  run(s: Step): void {
    const { store } = this;
    const parent = this.#directory(s.parent);
    if (s.do === 'mknod') store.mknod(parent, s.name, S_IFREG | 0o644, 0, owner);
    else if (s.do === 'symlink') store.symlink(parent, s.name, 'target', owner);
    else if (s.do === 'unlink') store.unlink(parent, s.name);
    else if (s.do === 'rmdir') store.rmdir(parent, s.name);
    else if (s.do === 'rename') {
      const before = this.census();
      const to = this.#directory(s.newParent);
      const result = store.rename(parent, s.name, to, s.newName, s.flags);
      if (isFailure(result)) assert.deepEqual(this.census(), before, 'a refused rename changes nothing');
    } else if (s.do === 'mkdir') {
      const made = store.mkdir(parent, s.name, 0o755, owner);
      if (!isFailure(made)) this.directories.push(made.nodeid);
    } else {
      const found = store.lookup(parent, s.name);
      if (isFailure(found)) return;
      if (s.do === 'link') store.link(found.nodeid, this.#directory(s.newParent), s.newName);
      else this.#remember(found.nodeid);
    }
  }

  /** Every name in the tree by its path, and the inode it stands for. */
  census(): Map<string, NodeId> {
    const found = new Map<string, NodeId>();
    const walk = (directory: NodeId, path: string) => {
      const handle = ok(this.store.opendir(directory));
      const below: [NodeId, string][] = [];
      ok(
        this.store.readdir(handle, 0, (name, nodeid, type) => {
          if (name === '.' || name === '..') return true;
          found.set(`${path}/${name}`, nodeid);
          if (type === S_IFDIR >> 12) below.push([nodeid, `${path}/${name}`]);
          return true;
        }),
      );
      ok(this.store.release(handle));
      for (const [nodeid, at] of below) walk(nodeid, at);
    };
    walk(ROOT, '');
    return found;
  }

  #directory(nr: number): NodeId {
    return this.directories[nr % this.directories.length] ?? ROOT;
  }

  #remember(nodeid: NodeId): void {
    this.store.remember(nodeid);
    this.remembered.push(nodeid);
  }
}

function check(tree: Tree): void {
  const census = tree.census();
  const names = new Map<NodeId, string[]>();
  const subdirectories = new Map<NodeId, number>();
  for (const [path, nodeid] of census) {
    names.set(nodeid, [...(names.get(nodeid) ?? []), path]);
    if ((tree.attributes(nodeid).mode & S_IFMT) !== S_IFDIR) continue;
    const parent =
      path.lastIndexOf('/') === 0 ? ROOT : (census.get(path.slice(0, path.lastIndexOf('/'))) ?? ROOT);
    subdirectories.set(parent, (subdirectories.get(parent) ?? 0) + 1);
    assert.equal(ok(tree.store.lookup(nodeid, '..')).nodeid, parent, `".." of ${path}`);
  }
  for (const [nodeid, paths] of names) {
    const { nlink, mode } = tree.attributes(nodeid);
    const isDirectory = (mode & S_IFMT) === S_IFDIR;
    assert.equal(nlink, isDirectory ? 2 + (subdirectories.get(nodeid) ?? 0) : paths.length, paths.join());
    if (isDirectory) assert.equal(paths.length, 1);
    const path = tree.store.pathOf(nodeid);
    assert.ok(path !== undefined && paths.includes(path), `${path} of ${paths}`);
  }
  assert.equal(tree.attributes(ROOT).nlink, 2 + (subdirectories.get(ROOT) ?? 0));
  const nameless = new Set(tree.remembered.filter((nodeid) => !names.has(nodeid)));
  for (const nodeid of nameless) {
    assert.equal(tree.attributes(nodeid).nlink, 0);
    assert.equal(tree.store.pathOf(nodeid), undefined);
  }
  // The other store knows only what was asked for.
  if (tree.store.kind === 'memory') {
    assert.equal(tree.store.counters().nrInodes, names.size + nameless.size);
  }
}

function play(tree: Tree, steps: readonly Step[]): void {
  for (const s of steps) {
    tree.run(s);
    check(tree);
  }
  for (const path of [...tree.census().keys()].reverse()) {
    const [, parentPath = '', last = ''] = /^(.*)\/(.*)$/.exec(path) ?? [];
    const parent = parentPath === '' ? ROOT : tree.census().get(parentPath);
    assert.ok(parent !== undefined);
    const { mode } = ok(tree.store.lookup(parent, last));
    ok((mode & S_IFMT) === S_IFDIR ? tree.store.rmdir(parent, last) : tree.store.unlink(parent, last));
  }
  for (const nodeid of tree.remembered) tree.store.forget(nodeid, 1);
  const { nrInodes, nrLookups, nrOpen, nrLocks } = tree.store.counters();
  assert.deepEqual([nrInodes, nrLookups, nrOpen, nrLocks], [0, 0, 0, 0]);
}

test('link counts are the names there are; when all is removed and forgotten nothing is in use', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
      const tree = new Tree();
      play(tree, steps);
      assert.equal(tree.store.counters().usedBytes, 0);
    }),
    { numRuns: 300 },
  );
});

test('the same over a directory, with few descriptors', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
      withBackingStore((store) => play(new Tree({}, store), steps), { maxDescriptors: 2 });
    }),
    { numRuns: 40 },
  );
});
