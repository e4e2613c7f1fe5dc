/** The data of a file against a plain array of bytes and one of allocated pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../../src/store/failure.js';
import { FALLOC_FL_KEEP_SIZE, SEEK_DATA, SEEK_HOLE } from '../../../src/store/mode.js';
import { Fixture, fails, ok } from './fixture.js';

/** Two chunks and a bit, so that runs meet every edge. */
const SPAN = 300_000;
const PAGE = 4096;

class Model {
  bytes = Buffer.alloc(2 * SPAN);
  pages = new Set<number>();
  size = 0;

  put(at: number, data: Buffer): void {
    data.copy(this.bytes, at);
    this.allocate(at, at + data.length);
    this.size = Math.max(this.size, at + data.length);
  }

  allocate(start: number, end: number): void {
    for (let page = Math.floor(start / PAGE); page * PAGE < end; page++) this.pages.add(page);
  }

  punch(start: number, end: number): void {
    this.bytes.fill(0, start, end);
    for (let page = Math.ceil(start / PAGE); (page + 1) * PAGE <= end; page++) this.pages.delete(page);
  }

  resize(size: number): void {
    if (size <= this.size) this.punch(size, this.bytes.length);
    if (size <= this.size) for (const page of this.pages) if (page * PAGE >= size) this.pages.delete(page);
    this.size = size;
  }

  seek(at: number, data: boolean): number | undefined {
    for (let next = at; next < this.size; next = (Math.floor(next / PAGE) + 1) * PAGE) {
      if (this.pages.has(Math.floor(next / PAGE)) === data) return next;
    }
    return data ? undefined : this.size;
  }
}

const edge = fc.constantFrom(0, 1, 4095, 4096, 4097, 131_071, 131_072, 131_073, 262_144);
const offset = fc.oneof(fc.integer({ min: 0, max: SPAN }), edge);
const length = fc.oneof(
  fc.integer({ min: 1, max: 200 }),
  fc.integer({ min: 1, max: SPAN / 2 }),
  fc.constantFrom(4096, 131_072),
);
const fill = fc.integer({ min: 1, max: 255 });
const step = fc.oneof(
  fc.record({ do: fc.constant('write' as const), offset, length, fill }),
  fc.record({ do: fc.constantFrom('punch' as const, 'zero' as const, 'allocate' as const), offset, length }),
  fc.record({ do: fc.constant('keep' as const), offset, length }),
  fc.record({ do: fc.constant('truncate' as const), size: offset }),
  fc.record({ do: fc.constant('copy' as const), from: offset, to: offset, length }),
);

test('any sequence of writes, truncations, punches, zeroings and copies reads as the model does', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25, size: 'max' }), (steps) => {
      const f = new Fixture({ maxBytes: 2 ** 26 });
      const file = f.file('file');
      const used = f.store.counters().usedBytes;
      const model = new Model();
      for (const s of steps) {
        if (s.do === 'write') {
          // Not uniform: a byte at the wrong place must show.
          const data = Buffer.alloc(s.length, s.fill);
          for (let at = 0; at < s.length; at += 97) data[at] = at % 251;
          assert.equal(f.write(file, s.offset, data), s.length);
          model.put(s.offset, data);
        } else if (s.do === 'truncate') {
          ok(f.store.setattr(file, { size: s.size }));
          model.resize(s.size);
        } else if (s.do === 'copy') {
          const nr = Math.max(0, Math.min(s.length, model.size - s.from));
          const result = f.store.copyFileRange(file, s.from, file, s.to, s.length);
          if (nr > 0 && s.from < s.to + nr && s.to < s.from + nr) {
            fails(result, 'EINVAL');
            continue;
          }
          assert.equal(result, nr);
          const data = Buffer.from(model.bytes.subarray(s.from, s.from + nr));
          data.copy(model.bytes, s.to);
          model.size = nr > 0 ? Math.max(model.size, s.to + nr) : model.size;
          // Which pages a copy allocates is its own choice: adopt them, and check that they hold all data.
          model.pages = pagesOf(f, file, model);
        } else {
          const mode = { punch: 3, zero: 0x10, allocate: 0, keep: FALLOC_FL_KEEP_SIZE }[s.do];
          ok(f.store.fallocate(file, mode, s.offset, s.length));
          const end = s.offset + s.length;
          if (s.do === 'punch' || s.do === 'zero') model.punch(s.offset, end);
          if (s.do !== 'punch') model.allocate(s.offset, end);
          if (s.do === 'zero' || s.do === 'allocate') model.size = Math.max(model.size, end);
        }
        check(f, file, model);
      }
      assert.equal(f.attributes(file).blocks <= 8 * Math.ceil((2 * SPAN) / PAGE), true);
      ok(f.store.setattr(file, { size: 0 }));
      assert.equal(f.attributes(file).blocks, 0);
      assert.ok(f.store.counters().usedBytes - used <= 128, 'truncation gives everything back');
    }),
    { numRuns: 80 },
  );
});

type File = Parameters<Fixture['read']>[0];

function check(f: Fixture, file: File, model: Model): void {
  assert.equal(f.attributes(file).size, model.size);
  assert.ok(
    f.read(file, 0, 2 * SPAN).equals(model.bytes.subarray(0, model.size)),
    `content differs at ${f.read(file, 0, 2 * SPAN).findIndex((byte, at) => byte !== model.bytes[at])}`,
  );
  assert.equal(f.attributes(file).blocks, model.pages.size * 8);
  for (const at of [0, 1, 4096, 100_000, 131_072, model.size - 1]) {
    if (at < 0 || at >= model.size) continue;
    const data = f.store.lseek(file, at, SEEK_DATA);
    assert.equal(isFailure(data) ? undefined : data, model.seek(at, true), `SEEK_DATA from ${at}`);
    assert.equal(f.store.lseek(file, at, SEEK_HOLE), model.seek(at, false), `SEEK_HOLE from ${at}`);
  }
}

function pagesOf(f: Fixture, file: File, model: Model): Set<number> {
  const pages = new Set<number>();
  // Preallocation behind the end cannot be seen by seeking; the model knows of it.
  for (const page of model.pages) if (page * PAGE >= model.size) pages.add(page);
  for (let page = 0; page * PAGE < model.size; page++) {
    if (f.store.lseek(file, page * PAGE, SEEK_DATA) === page * PAGE) pages.add(page);
    else assert.ok(model.bytes.subarray(page * PAGE, (page + 1) * PAGE).every((byte) => byte === 0));
  }
  return pages;
}
