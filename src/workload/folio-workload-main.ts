/**
 * The workload of an arm about large folios: a file whose folios are of one order, or hugetlb pages, as the stuck set;
 * anonymous base pages as the control set beside it.  Speaks the commands of workload-main.ts that a set needs.
 */
import { serveCommands } from '../base/child-port.js';
import { writeFileInPages } from '../base/write-in-pages.js';
import { dieWithParent, pinToCpu, preferToBeKilled } from '../syscall/process.js';
import { HugetlbMemory } from './hugetlb-memory.js';
import { CHUNK_BYTES } from './pattern.js';
import { PatternedFile } from './patterned-file.js';
import { PatternedMemory } from './patterned-memory.js';
import { askSplitHugePages } from './split-huge-pages.js';
import { probeSplits } from './split-probe.js';

const SIGKILL = 9;
dieWithParent(SIGKILL);
preferToBeKilled();

interface Wanted {
  readonly memory: 'xfs' | 'hugetlb' | 'anonymous';
  /** A write(2) of so many bytes makes one folio of them. */
  readonly folioBytes: number;
  /** `dirty-whole`: each folio is written as a whole only, so that iomap keeps no state on it. */
  readonly state: 'clean' | 'dirty' | 'dirty-whole' | null;
  readonly stuckPath: string;
  readonly stuckBytes: number;
  readonly controlBytes: number;
  readonly seed: number;
}

type StuckMemory = PatternedFile | PatternedMemory | HugetlbMemory;

const PAGE_BYTES = 4096;

let wanted: Wanted | undefined;
let stuck: StuckMemory | undefined;
let control: PatternedMemory | undefined;
let mismatchBeforeCut: number | undefined;

function sets(): readonly [StuckMemory, PatternedMemory, Wanted] {
  if (stuck === undefined || control === undefined || wanted === undefined)
    throw new Error('create comes first');
  return [stuck, control, wanted];
}

function dirtyFolios(file: PatternedFile, offset: number, { folioBytes, state }: Wanted): void {
  const end = Math.min(offset + CHUNK_BYTES, file.bytes);
  for (let at = offset; at < end; at += folioBytes) file.dirty(at, folioBytes);
  if (state === 'dirty-whole') return;
  // A write of a part of a folio has __iomap_write_begin() (fs/iomap/buffered-io.c) attach its per-block state.
  for (let at = offset; at < end; at += folioBytes) file.dirty(at, PAGE_BYTES);
}

serveCommands({
  create(words: Wanted) {
    wanted = words;
    control = new PatternedMemory(words.controlBytes, words.seed + 1, 'base');
    // hugetlb pages are there only once the pool is filled.
    if (words.memory === 'hugetlb') return { stuckIno: 0, controlIno: 0 };
    stuck =
      words.memory === 'xfs'
        ? new PatternedFile(words.stuckPath, words.stuckBytes, words.seed)
        : new PatternedMemory(words.stuckBytes, words.seed, 'base');
    return { stuckIno: stuck instanceof PatternedFile ? stuck.ino() : 0, controlIno: 0 };
  },
  /** Has the file's blocks allocated, so that its size does not change later. */
  prime() {
    if (stuck instanceof PatternedFile) stuck.prime('other');
  },
  /**
   * Before the ballast is freed: what this process allocates itself meanwhile would take the free pages.
   * @param candidates of how many the lowest are kept
   */
  takeHugePages({ candidates }: { candidates: number }) {
    if (wanted === undefined) throw new Error('create comes first');
    stuck = new HugetlbMemory(wanted.stuckBytes, wanted.seed, candidates);
  },
  /** @param cpu where the ballast was freed: its pages are on the free lists of that CPU */
  fill({ cpu }: { cpu: number }) {
    pinToCpu(cpu);
    const [stuckSet, controlSet, words] = sets();
    for (let offset = 0; offset < Math.max(stuckSet.bytes, controlSet.bytes); offset += CHUNK_BYTES) {
      if (offset < controlSet.bytes) controlSet.dirty(offset);
      if (offset >= stuckSet.bytes) continue;
      if (stuckSet instanceof PatternedFile) dirtyFolios(stuckSet, offset, words);
      else if (stuckSet instanceof PatternedMemory) stuckSet.dirty(offset);
    }
  },
  /** Writes the file back and waits. */
  sync() {
    if (stuck instanceof PatternedFile) stuck.sync();
  },
  mapping() {
    const [stuckSet] = sets();
    if (stuckSet instanceof PatternedFile) return stuckSet.mapping();
    return { address: `${stuckSet.address}`, bytes: stuckSet.bytes, fd: -1 };
  },
  /** Writes the pfns, u64 little-endian by page index with -1 for absent. @param touch maps the folios in first */
  locate({ stuckOut, controlOut, touch }: { stuckOut?: string; controlOut?: string; touch: boolean }) {
    const [stuckSet, controlSet] = sets();
    const located = stuckSet instanceof PatternedFile && !touch ? stuckSet.relocate() : stuckSet.locate();
    if (stuckOut !== undefined) writePfns(stuckOut, located);
    if (controlOut !== undefined) writePfns(controlOut, controlSet.locate());
  },
  /** Through debugfs; `null` where there is nothing to split. */
  askSplits({ most }: { most: number }) {
    const [stuckSet, , { folioBytes }] = sets();
    return stuckSet instanceof PatternedMemory ? null : askSplitHugePages(stuckSet, folioBytes, most);
  },
  /** Of the file, `null` where there is none.  Compares all of it before: its end is cut off. */
  probeSplits({ most }: { most: number }) {
    const [stuckSet, , { folioBytes }] = sets();
    if (!(stuckSet instanceof PatternedFile)) return null;
    mismatchBeforeCut = stuckSet.firstMismatch();
    return probeSplits(stuckSet, folioBytes, most);
  },
  /** Whether every byte is there; of a file, as cached and as it is on the disk. */
  verify() {
    const [stuckSet, controlSet] = sets();
    const ofControl = controlSet.firstMismatch();
    const cached = [mismatchBeforeCut ?? stuckSet.firstMismatch(), ofControl];
    if (!(stuckSet instanceof PatternedFile)) return { fsync: [null, null], cached, served: cached };
    let told: string | null = null;
    try {
      stuckSet.sync();
    } catch (error) {
      told = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    }
    stuckSet.dropCache();
    return { fsync: [told, null], cached, served: [stuckSet.firstMismatch(), ofControl] };
  },
  close() {
    if (stuck instanceof PatternedFile) stuck.close();
    else stuck?.unmap();
    control?.unmap();
  },
});

function writePfns(out: string, pfns: Float64Array): void {
  writeFileInPages(out, new Uint8Array(BigInt64Array.from(pfns, BigInt).buffer), 'wx');
}
