/** File data over a mount that splices requests, replies or both; and whose pages end up in the page cache. */
import assert from 'node:assert/strict';
import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Status } from '../../../src/control/contract/status.js';
import { parseTracePayload } from '../../../src/kernel/trace-events.js';
import { parseTraceLine } from '../../../src/kernel/trace-line.js';
import { TraceInstance } from '../../../src/kernel/tracefs.js';
import { POSIX_FADV_DONTNEED } from '../../../src/syscall/file.js';
import type { FileActor } from '../../support/file-actor.js';
import { MountPlace, mounted } from '../../support/mounted.js';
import { devFuse, type Requirement, requires, root } from '../../support/requirement.js';
import { residentPages } from '../../support/resident.js';
import { tracingFor } from '../../support/tracefs.js';

const { O_CREAT, O_DIRECT, O_RDONLY, O_RDWR } = constants;
const PAGE = 4096;
const pattern = (length: number, seed = 1): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff));
const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

async function statusOf(place: MountPlace): Promise<Status> {
  const result = await place.cli('status', '--json');
  assert.equal(result.status, 0, result.stderr);
  return JSON.parse(result.stdout) as Status;
}

const SOURCE = 'a directory';
const options: readonly (readonly string[])[] = [
  ['--splice', 'read'],
  ['--splice', 'write'],
  ['--splice', 'write-copy'],
  ['--splice', 'read,write', '--max-pages', '3'],
  ['--splice', 'read', '--splice', 'write-copy', '--no-writeback-cache'],
  ['--splice', 'write', '--splice-source', SOURCE],
];

describe('file data over splice', requires(root, devFuse), () => {
  for (const words of options) {
    test(`${words.join(' ')}: what is written is read, wherever it begins and ends`, async (context) => {
      const place = new MountPlace(context);
      await place.mount(...words.map((word) => (word === SOURCE ? place.stateRoot : word)));
      const actor = place.actor();
      const at = (name: string) => join(place.mountPoint, name);
      const { splice } = await statusOf(place);
      assert.equal(splice.read, words.join().includes('read'));
      assert.equal(
        splice.write,
        words.join().includes('write-copy') ? 'copy' : words.join().includes('write') ? 'move' : 'none',
      );
      assert.equal(splice.source, words.includes(SOURCE) ? place.stateRoot : null);

      const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
      const bytes = pattern(3_000_001);
      const whole = Buffer.concat([Buffer.alloc(4095), bytes]);
      assert.equal(await actor.ok('write', fd, bytes, 4095), bytes.length);
      await actor.ok('fsync', fd);
      await actor.ok('fadvise', fd, 0, 0, POSIX_FADV_DONTNEED);
      const read = async (from: number, size: number) => Buffer.from(await actor.ok('read', from, size, 0));
      assert.ok((await read(fd, whole.length + 10_000)).equals(whole), 'through the page cache, to the end');
      const direct = await actor.ok('open', at('file'), O_RDONLY | O_DIRECT);
      assert.ok((await read(direct, whole.length + 10_000)).equals(whole), 'past the page cache');
      for (const [offset, size] of [
        [0, 1],
        [4095, 2],
        [8191, 4097],
        [whole.length - 1, 10],
        [whole.length, 1],
      ] as const) {
        await actor.ok('fadvise', fd, 0, 0, POSIX_FADV_DONTNEED);
        for (const from of [fd, direct]) {
          const got = Buffer.from(await actor.ok('read', from, size, offset));
          assert.ok(got.equals(whole.subarray(offset, offset + size)), `${size} bytes at ${offset}`);
        }
      }

      await actor.ok('ftruncate', fd, 5000);
      await actor.ok('ftruncate', fd, 9000);
      await actor.ok('fadvise', fd, 0, 0, POSIX_FADV_DONTNEED);
      const cut = await read(fd, 10_000);
      assert.equal(cut.length, 9000);
      assert.ok(cut.subarray(0, 5000).equals(whole.subarray(0, 5000)) && isZero(cut.subarray(5000)));

      const mapping = await actor.ok('map', fd, 9000);
      await actor.ok('storeMapped', mapping, 4000, Buffer.from('over the edge of a page'.padEnd(200)));
      await actor.ok('msync', mapping);
      assert.match(String((await read(direct, 4200)).subarray(4000)), /^over the edge of a page/);

      const name = 'n'.repeat(255);
      await actor.ok('writeFile', at(name), Buffer.from('x'));
      assert.deepEqual(await actor.ok('list', at('')), ['file', name]);
      assert.equal(String(await actor.ok('readFile', at(name))), 'x');
    });
  }
});

/** What is to be read: a file of whole pages on the mount that is in no page cache. */
async function coldFile(actor: FileActor, path: string, nrPages: number): Promise<number> {
  const fd = await actor.ok('open', path, O_CREAT | O_RDWR);
  await actor.ok('write', fd, pattern(nrPages * PAGE), 0);
  await actor.ok('fsync', fd);
  await actor.ok('fadvise', fd, 0, 0, POSIX_FADV_DONTNEED);
  assert.equal(await actor.ok('resident', fd, nrPages * PAGE), 0);
  return fd;
}

/** The frame that each page of the mount's files had when it came into the page cache, by index. */
function framesAtFirst(instance: TraceInstance, device: string): Map<number, number> {
  const frames = new Map<number, number>();
  for (const text of instance.readTrace().trimEnd().split('\n')) {
    const line = parseTraceLine(text);
    if (line.kind !== 'event') continue;
    const payload = parseTracePayload('mm_filemap_add_to_page_cache', line.payload);
    if (`${payload.major}:${payload.minor}` === device) frames.set(payload.offsetBytes / PAGE, payload.pfn);
  }
  return frames;
}

function tracedPageCache(context: TestContext): TraceInstance {
  let instance: TraceInstance | undefined;
  // Registered first, so that it runs before tracefs is unmounted.
  context.after(() => instance?.remove());
  instance = TraceInstance.create(tracingFor(context), `stuckfs-splice-${process.pid}`);
  instance.setBufferSizeKb(1024);
  return instance;
}

const NR_PAGES = 64;

describe('the pages of a READ', requires(root, devFuse), () => {
  for (const [word, isMoved] of [
    ['write', true],
    ['write-copy', false],
  ] as const) {
    test(`--splice ${word}: the pages of the pipe ${isMoved ? 'become the folios' : 'are copied'}`, async (context) => {
      const instance = tracedPageCache(context);
      const { ready, actor, at } = await mounted(context, '--splice', word);
      const fd = await coldFile(actor, at('file'), NR_PAGES);
      const [, minor] = ready.device.split(':');
      const added = { system: 'filemap', event: 'mm_filemap_add_to_page_cache' };
      instance.enableEvent(added, `s_dev == ${minor}`);
      const bytes = Buffer.from(await actor.ok('read', fd, NR_PAGES * PAGE, 0));
      instance.disableEvent(added);
      assert.ok(bytes.equals(pattern(NR_PAGES * PAGE)));
      const first = framesAtFirst(instance, ready.device);
      const now = await actor.ok('pfns', await actor.ok('map', fd, NR_PAGES * PAGE, false));
      assert.equal(first.size, NR_PAGES);
      const others = now.filter((pfn, index) => pfn !== first.get(index)).length;
      // The kernel may move a folio on its own account meanwhile.
      if (isMoved) assert.ok(others > NR_PAGES * 0.9, `${others} of ${NR_PAGES} have another frame`);
      else assert.ok(others < NR_PAGES * 0.1, `${others} of ${NR_PAGES} have another frame`);
    });
  }

  for (const [word, isMoved] of [
    ['write', true],
    ['write-copy', false],
  ] as const) {
    test(
      `--splice ${word} --splice-source: the page cache of the other filesystem ${isMoved ? 'gives its pages away' : 'keeps its pages'}`,
      requires(onExt4(tmpdir())),
      async (context) => {
        const place = new MountPlace(context);
        const ready = await place.mount('--splice', word, '--splice-source', place.stateRoot);
        const actor = place.actor();
        const fd = await coldFile(actor, join(place.mountPoint, 'file'), NR_PAGES);
        const bytes = Buffer.from(await actor.ok('read', fd, NR_PAGES * PAGE, 0));
        assert.ok(bytes.equals(pattern(NR_PAGES * PAGE)));
        const left = leftInScratch(ready.pid);
        assert.ok(left.pages > 0, 'the file has been written to');
        if (isMoved)
          assert.ok(left.resident <= left.pages * 0.1, `${left.resident} of ${left.pages} are there`);
        else assert.equal(left.resident, left.pages);
      },
    );
  }
});

function onExt4(directory: string): Requirement {
  const EXT4_SUPER_MAGIC = 0xef53;
  return () =>
    statfsSync(directory).type === EXT4_SUPER_MAGIC
      ? undefined
      : `${directory} is not on ext4, of which it is known that it gives its pages away: set TMPDIR to a directory that is`;
}

/** Pages of the daemon's scratch file, and how many of them its filesystem has in its page cache. */
function leftInScratch(pid: number): { readonly pages: number; readonly resident: number } {
  const directory = `/proc/${pid}/fd`;
  const name = readdirSync(directory).find((fd) => {
    try {
      return readlinkSync(`${directory}/${fd}`).includes('stuckfs-splice');
    } catch {
      return false;
    }
  });
  assert.ok(name !== undefined, 'the daemon has a scratch file');
  const fd = openSync(`${directory}/${name}`, O_RDONLY);
  try {
    const { size } = fstatSync(fd);
    return { pages: Math.ceil(size / PAGE), resident: residentPages(fd, size) };
  } finally {
    closeSync(fd);
  }
}
