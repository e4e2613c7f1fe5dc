/**
 * The workload: two files of the same mount, used in turns so that their folios lie side by side.  What the server
 * withholds it withholds from the stuck file; the control file is always finished with.
 * Every handler may hang for as long as the server withholds an answer.
 */
import { unlinkSync } from 'node:fs';
import { serveCommands } from '../base/child-port.js';
import { joinProtectedCgroup } from '../base/protected-cgroup.js';
import { writeFileInPages } from '../base/write-in-pages.js';
import { dieWithParent, pinToCpu, preferToBeKilled } from '../syscall/process.js';
import { Hanging } from './hanging.js';
import { CHUNK_BYTES } from './pattern.js';
import { PatternedFile } from './patterned-file.js';

const SIGKILL = 9;
dieWithParent(SIGKILL);
preferToBeKilled();
joinProtectedCgroup();

/**
 * How the page cache is filled: write(2), write(2) by a thread that the kernel may stop (balance_dirty_pages()), stores through a
 * shared mapping, readahead by advice, one long read(2).
 */
type Kind = 'write' | 'write-throttled' | 'map' | 'read-ahead' | 'read-sequential';

interface Workload {
  readonly kind: Kind;
  readonly stuckPath: string;
  readonly stuckBytes: number;
  readonly controlPath: string;
  readonly controlBytes: number;
  readonly seed: number;
}

let kind: Kind = 'write';
let stuck: PatternedFile | undefined;
let control: PatternedFile | undefined;
/** Of a kind that has one: reads or writes the stuck file, and may be stopped. */
let user: Hanging | undefined;
const pagesWritten = new SharedArrayBuffer(4);
let lookup: Hanging | undefined;

function files(): readonly [PatternedFile, PatternedFile] {
  if (stuck === undefined || control === undefined) throw new Error('create comes first');
  return [stuck, control];
}

const reads = () => kind === 'read-ahead' || kind === 'read-sequential';

/** How much of a file is used before it is the other's turn. */
let turnBytes = CHUNK_BYTES;

/** One chunk after the other, of both files in turns. */
function inTurns(useStuck: (offset: number) => void, useControl: (offset: number) => void): void {
  const [stuckFile, controlFile] = files();
  for (let offset = 0; offset < Math.max(stuckFile.bytes, controlFile.bytes); offset += turnBytes) {
    if (offset < stuckFile.bytes) useStuck(offset);
    if (offset < controlFile.bytes) useControl(offset);
  }
}

const ways: Readonly<Record<Kind, (cpu: number) => void>> = {
  write() {
    const [stuckFile, controlFile] = files();
    inTurns(
      (offset) => stuckFile.dirty(offset),
      (offset) => controlFile.dirty(offset),
    );
  },
  /** The control file first: once the writer is stopped, every writer on the mount is. */
  'write-throttled'(cpu) {
    const [{ fd, bytes, seed }, controlFile] = files();
    inTurns(
      () => {},
      (offset) => controlFile.dirty(offset),
    );
    controlFile.sync();
    user?.begin({ call: 'write', fd, bytes, seed, cpu, pagesWritten });
  },
  map() {
    const [stuckFile, controlFile] = files();
    inTurns(
      (offset) => stuckFile.dirtyMapped(offset),
      (offset) => controlFile.dirtyMapped(offset),
    );
  },
  'read-ahead'() {
    const [stuckFile, controlFile] = files();
    inTurns(
      (offset) => stuckFile.readAhead(offset),
      (offset) => controlFile.read(offset),
    );
  },
  'read-sequential'(cpu) {
    const [stuckFile, controlFile] = files();
    user?.begin({ call: 'read', fd: stuckFile.fd, bytes: stuckFile.bytes, cpu });
    inTurns(
      () => {},
      (offset) => controlFile.read(offset),
    );
  },
};

serveCommands({
  create(workload: Workload) {
    kind = workload.kind;
    // Of an arm before this one.
    void user?.dismiss();
    [user, lookup] = [undefined, undefined];
    turnBytes = CHUNK_BYTES;
    Atomics.store(new Int32Array(pagesWritten), 0, 0);
    stuck = new PatternedFile(workload.stuckPath, workload.stuckBytes, workload.seed);
    control = new PatternedFile(workload.controlPath, workload.controlBytes, workload.seed + 1);
    return { stuckIno: stuck.ino(), controlIno: control.ino() };
  },
  async prime() {
    for (const file of files()) file.prime(reads() ? 'real' : 'other');
    if (kind === 'write-throttled') user = await Hanging.prepare(CHUNK_BYTES);
    if (kind === 'read-sequential') user = await Hanging.prepare(files()[0].bytes);
  },
  /**
   * @param cpu where the ballast was freed: its pages are on the free lists of that CPU
   * @param turn bytes of one file before it is the other's turn
   */
  fill({ cpu, turn = CHUNK_BYTES }: { cpu: number; turn?: number }) {
    pinToCpu(cpu);
    turnBytes = turn;
    for (const file of files()) file.chunkBytes = turn;
    ways[kind](cpu);
    if (kind === 'write' || kind === 'map') files()[1].sync();
  },
  /** Starts writeback of the stuck file, and waits for nothing. */
  start() {
    return { startWriteback: files()[0].startWriteback() };
  },
  /** Waits until the stuck file is written back, too: only where nothing is withheld. */
  async sync() {
    await user?.ended;
    files()[0].sync();
  },
  /** How far the writer that may be stopped has come. */
  written() {
    return Atomics.load(new Int32Array(pagesWritten), 0);
  },
  /**
   * Maps folios in, for whoever may read our pagemap: we may not, without CAP_SYS_ADMIN.  Answers the addresses.
   * @param stuckBytes so much of the stuck file
   */
  populate({ stuckBytes }: { stuckBytes: number }) {
    const [stuckFile, controlFile] = files();
    return [stuckFile.populate(stuckBytes), controlFile.populate(controlFile.bytes)].map(Number);
  },
  /** Where the stuck file is mapped; null where it is not. */
  mapping() {
    return files()[0].mapping();
  },
  /** Writes the pfns, u64 little-endian by page index with -1 for absent. @param touch maps the folios in first */
  locate({ stuckOut, controlOut, touch }: { stuckOut?: string; controlOut?: string; touch: boolean }) {
    for (const [file, out] of [
      [files()[0], stuckOut],
      [files()[1], controlOut],
    ] as const) {
      if (out === undefined) continue;
      const pfns = touch ? file.locate() : file.relocate();
      const numbers = new BigInt64Array(Array.from(pfns, BigInt));
      writeFileInPages(out, new Uint8Array(numbers.buffer), 'wx');
    }
  },
  /** Both files stay in memory, as long as they are mapped. */
  lock() {
    for (const file of files()) file.lock();
  },
  /** Asks the server for something else, in a thread of its own. @param path one that the kernel must ask about */
  async lookUp({ path }: { path: string }) {
    lookup = await Hanging.prepare();
    lookup.begin({ call: 'stat', path });
  },
  /** How that ended: null, or the errno's name. */
  lookedUp() {
    return lookup?.ended;
  },
  /** After the release: what the user is told, and whether every byte is there, cached and as served. */
  async verify() {
    const said = await user?.ended;
    const told = fsync();
    told[0] ??= said ?? null;
    const cached = files().map((file) => file.firstMismatch());
    for (const file of files()) file.dropCache();
    const served = files().map((file) => file.firstMismatch());
    return { fsync: told, cached, served };
  },
  /** After the end of the connection: what the user is told, and what the page cache has still. Asks nobody. */
  async aftermath() {
    await Promise.all([user?.ended, lookup?.ended]);
    return { fsync: fsync(), keptPages: files().map((file) => (reads() ? 0 : file.keptPages())) };
  },
  close() {
    return files().map((file) => errnoOf(() => file.close()));
  },
  /** Once they are closed. */
  remove() {
    for (const { path } of files()) unlinkSync(path);
  },
});

/** What fsync(2) says of each file. */
function fsync(): (string | null)[] {
  return files().map((file) => errnoOf(() => file.sync()));
}

function errnoOf(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}
