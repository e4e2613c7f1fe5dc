import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FALLOC_FL_KEEP_SIZE, SEEK_DATA, SEEK_HOLE } from '../../../src/store/mode.js';
import { Fixture, fails, ok, onEachStore, ROOT } from './fixture.js';

const KEEP = FALLOC_FL_KEEP_SIZE;
const PUNCH = 0x02;
const ZERO = 0x10;
const MAX = 2 ** 53 - 4096;

onEachStore('a read ends at the end of the file and fills holes with zeros', (f) => {
  const file = f.file('file');
  assert.equal(f.read(file).length, 0);
  f.write(file, 500_000, 'end');
  assert.deepEqual(f.read(file), Buffer.concat([Buffer.alloc(500_000), Buffer.from('end')]));
  assert.deepEqual(f.read(file, 499_999, 2), Buffer.from('\0e'));
  assert.equal(f.read(file, 500_003, 10).length, 0);
  assert.equal(f.read(file, 2 ** 52, 10).length, 0);
});

onEachStore('what was cut off does not come back when the file grows again', (f) => {
  const file = f.file('file');
  f.write(file, 0, Buffer.alloc(200_000, 1));
  ok(f.store.setattr(file, { size: 10 }));
  ok(f.store.setattr(file, { size: 200_000 }));
  const expected = Buffer.alloc(200_000);
  expected.fill(1, 0, 10);
  assert.deepEqual(f.read(file), expected);
});

test('a huge sparse file costs next to nothing, and works at its end', () => {
  const f = new Fixture();
  const file = f.file('file');
  const used = f.store.counters().usedBytes;
  ok(f.store.setattr(file, { size: MAX }));
  assert.ok(f.store.counters().usedBytes - used < 1024);
  assert.equal(f.attributes(file).blocks, 0);
  fails(f.store.lseek(file, 0, SEEK_DATA), 'ENXIO');
  assert.equal(f.write(file, MAX - 4, 'last bytes'), 4);
  assert.equal(f.attributes(file).size, MAX);
  assert.equal(f.read(file, MAX - 4, 10).toString(), 'last');
  assert.equal(ok(f.store.lseek(file, 0, SEEK_DATA)), MAX - 4096);
  assert.equal(f.attributes(file).blocks, 8);
  ok(f.store.fallocate(file, PUNCH | KEEP, 4096, MAX - 4096));
  assert.equal(f.attributes(file).blocks, 0);
  ok(f.store.setattr(file, { size: 0 }));
});

test('EFBIG above the largest size', () => {
  const f = new Fixture();
  const file = f.file('file');
  fails(f.store.write(file, MAX, Buffer.from('x'), false), 'EFBIG');
  fails(f.store.setattr(file, { size: MAX + 1 }), 'EFBIG');
  fails(f.store.fallocate(file, 0, MAX - 1, 2), 'EFBIG');
});

onEachStore('only regular files have data', (f) => {
  fails(f.store.read(ROOT, 0, 1, Buffer.alloc(1)), 'EISDIR');
  fails(f.store.write(ROOT, 0, Buffer.alloc(1), false), 'EISDIR');
  const link = ok(f.store.symlink(ROOT, 's', 'x', { uid: 0, gid: 0 })).nodeid;
  fails(f.store.write(link, 0, Buffer.alloc(1), false), 'EINVAL');
  fails(f.store.lseek(link, 0, SEEK_DATA), 'EINVAL');
});

test('SEEK_DATA and SEEK_HOLE walk the extents; ENXIO at and behind the end', () => {
  const f = new Fixture();
  const file = f.file('file');
  fails(f.store.lseek(file, 0, SEEK_HOLE), 'ENXIO');
  f.write(file, 8192, Buffer.alloc(4096, 1));
  f.write(file, 1_000_000, Buffer.alloc(10, 1));
  const extents: number[] = [];
  for (let at = 0; at < 1_000_010; ) {
    const data = ok(f.store.lseek(file, at, SEEK_DATA));
    at = ok(f.store.lseek(file, data, SEEK_HOLE));
    extents.push(data, at);
  }
  assert.deepEqual(extents, [8192, 12_288, 999_424, 1_000_010]);
  assert.equal(ok(f.store.lseek(file, 100, SEEK_HOLE)), 100);
  assert.equal(ok(f.store.lseek(file, 9000, SEEK_DATA)), 9000);
  for (const whence of [SEEK_DATA, SEEK_HOLE]) fails(f.store.lseek(file, 1_000_010, whence), 'ENXIO');
  ok(f.store.setattr(file, { size: 2_000_000 }));
  fails(f.store.lseek(file, 1_500_000, SEEK_DATA), 'ENXIO');
  fails(f.store.lseek(file, 0, 0), 'EINVAL');
});

test('fallocate reserves, keeps the content, and extends unless told not to', () => {
  const f = new Fixture();
  const file = f.file('file');
  f.write(file, 0, 'text');
  ok(f.store.fallocate(file, KEEP, 0, 1 << 20));
  assert.deepEqual([f.attributes(file).size, f.attributes(file).blocks], [4, 2048]);
  ok(f.store.fallocate(file, 0, 0, 1 << 20));
  assert.equal(f.attributes(file).size, 1 << 20);
  assert.equal(f.read(file, 0, 6).toString(), 'text\0\0');
  ok(f.store.setattr(file, { size: 1 }));
  assert.equal(f.attributes(file).blocks, 8);
});

test('punch frees whole pages and zeroes the rest; zero range zeroes and allocates', () => {
  const f = new Fixture();
  const file = f.file('file');
  f.write(file, 0, Buffer.alloc(5 * 4096, 1));
  ok(f.store.fallocate(file, PUNCH | KEEP, 4000, 2 * 4096));
  const expected = Buffer.alloc(5 * 4096, 1).fill(0, 4000, 4000 + 2 * 4096);
  assert.deepEqual(f.read(file), expected);
  assert.equal(f.attributes(file).blocks, 4 * 8);
  ok(f.store.fallocate(file, ZERO, 4 * 4096 + 1, 3 * 4096));
  assert.deepEqual(f.read(file), Buffer.concat([expected.subarray(0, 4 * 4096 + 1), Buffer.alloc(3 * 4096)]));
  assert.equal(f.attributes(file).blocks, 7 * 8);
  ok(f.store.fallocate(file, ZERO | KEEP, 1 << 20, 4096));
  assert.equal(f.attributes(file).size, 7 * 4096 + 1);
});

onEachStore('fallocate: what is not supported or not valid', (f) => {
  const file = f.file('file');
  for (const mode of [PUNCH, PUNCH | ZERO | KEEP, 0x08, 0x20, 0x40]) {
    fails(f.store.fallocate(file, mode, 0, 4096), 'EOPNOTSUPP');
  }
  fails(f.store.fallocate(file, 0, 0, 0), 'EINVAL');
  fails(f.store.fallocate(file, 0, -1, 1), 'EINVAL');
  fails(f.store.fallocate(ROOT, 0, 0, 1), 'EISDIR');
});

test('a copy between files brings holes along and stops at the end of the source', () => {
  const f = new Fixture();
  const source = f.file('source');
  const target = f.file('target');
  f.write(source, 0, Buffer.alloc(100, 1));
  f.write(source, 300_000, Buffer.alloc(100, 2));
  f.write(target, 0, Buffer.alloc(400_000, 3));
  assert.equal(ok(f.store.copyFileRange(source, 50, target, 1050, 10 ** 9)), 300_050);
  const expected = Buffer.alloc(400_000, 3);
  f.read(source, 50).copy(expected, 1050);
  assert.deepEqual(f.read(target), expected);
  assert.ok(f.attributes(target).blocks < 400_000 / 512 - 200_000 / 512);
  assert.equal(ok(f.store.copyFileRange(source, 300_100, target, 0, 10)), 0);
});

test('a hole of petabytes is copied at once', () => {
  const f = new Fixture();
  const source = f.file('source');
  const target = f.file('target');
  ok(f.store.setattr(source, { size: 2 ** 52 }));
  f.write(source, 2 ** 52 - 1, 'x');
  assert.equal(ok(f.store.copyFileRange(source, 0, target, 0, 2 ** 52)), 2 ** 52);
  assert.equal(f.attributes(target).size, 2 ** 52);
  assert.equal(f.read(target, 2 ** 52 - 1, 1).toString(), 'x');
});

onEachStore('a copy within one file must not overlap', (f) => {
  const file = f.file('file');
  f.write(file, 0, 'abcdef');
  fails(f.store.copyFileRange(file, 0, file, 3, 4), 'EINVAL');
  assert.equal(ok(f.store.copyFileRange(file, 0, file, 3, 3)), 3);
  assert.equal(f.read(file).toString(), 'abcabc');
  fails(f.store.copyFileRange(file, 0, ROOT, 3, 3), 'EISDIR');
});

onEachStore('the bytes of a write are copied: the caller may use its buffer again', (f) => {
  const file = f.file('file');
  const buffer = Buffer.alloc(300_000, 1);
  f.write(file, 0, buffer);
  const given = Buffer.alloc(300_000, 2);
  ok(f.store.write(file, 0, given, false));
  given.fill(9);
  assert.deepEqual(f.read(file), Buffer.alloc(300_000, 2));
});
