import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../../../../src/store/backing/node.js';
import { type FileIdentity, NodeTable } from '../../../../src/store/backing/node-table.js';
import { S_IFDIR, S_IFREG } from '../../../../src/store/mode.js';

const file = (ino: number, birth = 'then'): FileIdentity => ({
  identity: `8:1:0:${ino}`,
  birth,
  type: S_IFREG,
});
const directory = (ino: number): FileIdentity => ({ ...file(ino), type: S_IFDIR });

function table(maxIdle = 100): { readonly nodes: NodeTable; readonly dropped: Node[] } {
  const dropped: Node[] = [];
  return { nodes: new NodeTable(directory(2), maxIdle, (node) => dropped.push(node)), dropped };
}

test('one inode is one node by all its names; the path is one of those that are left', () => {
  const { nodes } = table();
  const node = nodes.adopt(file(10));
  nodes.bind(node, nodes.root, 'one');
  assert.equal(nodes.adopt(file(10)), node);
  nodes.bind(node, nodes.root, 'two');
  assert.equal(nodes.find(nodes.root, 'one'), node);
  assert.equal(nodes.pathOf(node), '/two');
  nodes.unbind(nodes.root, 'two');
  assert.equal(nodes.pathOf(node), '/one');
});

test('a later file with the inode number of a closed one is another node; of an open one it cannot be', () => {
  const { nodes } = table();
  const node = nodes.adopt(file(10));
  nodes.bind(node, nodes.root, 'a');
  nodes.remember(node);
  const later = nodes.adopt(file(10, 'later'));
  assert.notEqual(later.nodeid, node.nodeid);
  assert.equal(nodes.get(node.nodeid), node, 'the kernel still asks for it');
  nodes.forget(node, 1);
  nodes.unbind(nodes.root, 'a');
  assert.equal(nodes.adopt(file(10, 'later')), later, 'the old one took nothing along');
  later.pathFd = 3;
  assert.equal(nodes.adopt(file(10, 'whatever')), later);
});

test('a node goes with the last of names, lookups, handles and children', () => {
  const { nodes, dropped } = table();
  const d = nodes.adopt(directory(10));
  const f = nodes.adopt(file(11));
  nodes.bind(d, nodes.root, 'd');
  nodes.bind(f, d, 'f');
  nodes.remember(d);
  nodes.remember(f);
  nodes.opened(f);
  nodes.unbind(d, 'f');
  nodes.unbind(nodes.root, 'd');
  nodes.forget(f, 9);
  assert.deepEqual(dropped, []);
  nodes.closed(f);
  assert.deepEqual(dropped, [f]);
  nodes.forget(d, 1);
  assert.deepEqual(dropped, [f, d]);
  assert.deepEqual([nodes.size, nodes.nrLookups], [0, 0]);
});

test('the longest idle go first when there are too many; a directory stays for its children', () => {
  const { nodes, dropped } = table(2);
  const d = nodes.adopt(directory(10));
  nodes.bind(d, nodes.root, 'd');
  const files = [11, 12, 13, 14].map((ino) => {
    const node = nodes.adopt(file(ino));
    nodes.bind(node, d, `${ino}`);
    return node;
  });
  assert.deepEqual(dropped, [], 'not while they are in use');
  nodes.trim();
  assert.deepEqual(dropped, files.slice(0, 2));
  nodes.remember(files[2] as Node);
  nodes.trim();
  assert.equal(nodes.pathOf(files[2] as Node), '/d/13');
  assert.equal(nodes.get(d.nodeid), d);
});

test('what takes a name over leaves the old node without it; a directory has one name', () => {
  const { nodes } = table();
  const [a, b, d] = [nodes.adopt(file(10)), nodes.adopt(file(11)), nodes.adopt(directory(12))] as const;
  for (const node of [a, b, d]) nodes.remember(node);
  nodes.bind(a, nodes.root, 'name');
  nodes.bind(b, nodes.root, 'name');
  assert.equal(nodes.pathOf(a), undefined);
  assert.equal(nodes.pathOf(b), '/name');
  nodes.bind(d, nodes.root, 'old');
  nodes.bind(d, nodes.root, 'new');
  assert.equal(nodes.find(nodes.root, 'old'), undefined);
  assert.equal(nodes.pathOf(d), '/new');
});

test('a directory that seems to lie in itself is cut loose above, not walked for ever', () => {
  const { nodes } = table();
  const [a, b] = [nodes.adopt(directory(10)), nodes.adopt(directory(11))];
  for (const node of [a, b]) nodes.remember(node);
  nodes.bind(a, nodes.root, 'a');
  nodes.bind(b, a, 'b');
  nodes.bind(a, b, 'a');
  assert.equal(nodes.pathOf(a), undefined);
  nodes.bind(b, nodes.root, 'b');
  assert.equal(nodes.pathOf(a), '/b/a');
});

test('node ids are never given out twice', () => {
  const { nodes } = table();
  const ids = [
    nodes.adopt(file(10)).nodeid,
    nodes.spareId(),
    nodes.adopt(file(11)).nodeid,
    nodes.root.nodeid,
  ];
  assert.equal(new Set(ids).size, ids.length);
});
