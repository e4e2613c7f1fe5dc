/**
 * The workload that writes: two files of the same mount, dirtied in turns so that their folios lie side by
 * side.  The stuck file's writeback is started and not waited for; the control file's is finished.
 * Every handler may hang for as long as the server withholds an ack.
 */
import { serveCommands } from '../base/child-port.js';
import { writeFileInPages } from '../base/write-in-pages.js';
import { dieWithParent, pinToCpu, preferToBeKilled } from '../syscall/process.js';
import { CHUNK_BYTES, PatternedFile } from './patterned-file.js';

const SIGKILL = 9;
dieWithParent(SIGKILL);
preferToBeKilled();

export interface WriteWorkload {
  readonly stuckPath: string;
  readonly stuckBytes: number;
  readonly controlPath: string;
  readonly controlBytes: number;
  readonly seed: number;
}

let stuck: PatternedFile | undefined;
let control: PatternedFile | undefined;

function files(): readonly [PatternedFile, PatternedFile] {
  if (stuck === undefined || control === undefined) throw new Error('create comes first');
  return [stuck, control];
}

serveCommands({
  create(workload: WriteWorkload) {
    stuck = new PatternedFile(workload.stuckPath, workload.stuckBytes, workload.seed);
    control = new PatternedFile(workload.controlPath, workload.controlBytes, workload.seed + 1);
    return { stuckIno: stuck.ino(), controlIno: control.ino() };
  },
  prime() {
    for (const file of files()) file.prime();
  },
  /** @param cpu where the ballast was freed: its pages are on the free lists of that CPU */
  dirty({ cpu }: { cpu: number }) {
    pinToCpu(cpu);
    const [stuckFile, controlFile] = files();
    for (let offset = 0; offset < stuckFile.bytes; offset += CHUNK_BYTES) {
      stuckFile.dirty(offset);
      if (offset < controlFile.bytes) controlFile.dirty(offset);
    }
    controlFile.sync();
    return { startWriteback: stuckFile.startWriteback() };
  },
  /** Waits until the stuck file is written back, too: only where nothing is withheld. */
  sync() {
    files()[0].sync();
  },
  /** Writes the pfns, u64 little-endian by page index with -1 for absent, to the two paths. */
  locate({ stuckOut, controlOut, touch }: { stuckOut: string; controlOut: string; touch: boolean }) {
    for (const [file, out] of [
      [files()[0], stuckOut],
      [files()[1], controlOut],
    ] as const) {
      const pfns = touch ? file.locate() : file.relocate();
      const numbers = new BigInt64Array(Array.from(pfns, BigInt));
      writeFileInPages(out, new Uint8Array(numbers.buffer), 'wx');
    }
  },
  /** After the release: what the writer is told, and whether every byte is there, cached and as served. */
  verify() {
    const told = files().map((file) => {
      try {
        file.sync();
        return null;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      }
    });
    const cached = files().map((file) => file.firstMismatch());
    for (const file of files()) file.dropCache();
    const served = files().map((file) => file.firstMismatch());
    return { fsync: told, cached, served };
  },
  close() {
    for (const file of files()) file.close();
  },
});
