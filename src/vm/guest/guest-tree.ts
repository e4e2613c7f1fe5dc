/**
 * What a root image holds, before it is made: paths in the guest and where their bytes come from.  /bin, /sbin and
 * /lib* are links into /usr, as distributions have it.  Owns no policy of what goes in.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

type TreeEntry =
  | { readonly kind: 'directory' }
  | { readonly kind: 'file'; readonly source: string; readonly mode: number; readonly isOurs: boolean }
  | { readonly kind: 'text'; readonly text: string; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string };

const intoUsr = /^\/(bin|sbin|lib|lib32|lib64|libx32)(?=\/|$)/;
const blockBytes = 4096;

export class GuestTree {
  private readonly entries = new Map<string, TreeEntry>();

  constructor() {
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      this.directory(`/usr/${name}`);
      this.entries.set(`/${name}`, { kind: 'link', target: `usr/${name}` });
    }
  }

  /** With those above it. */
  directory(path: string): void {
    const at = canonical(path);
    if (at === '/' || this.entries.has(at)) return;
    this.directory(dirname(at));
    this.entries.set(at, { kind: 'directory' });
  }

  /**
   * The bytes of `source`, which may be a link; executable where it is.
   * @param isOurs what is compiled and installed here is known by its bytes, a system's file by size and time
   */
  file(path: string, source: string, { isOurs = false }: { isOurs?: boolean } = {}): void {
    const mode = (statSync(source).mode & 0o100) === 0 ? 0o644 : 0o755;
    this.add(path, { kind: 'file', source, mode, isOurs });
  }

  text(path: string, text: string, mode = 0o644): void {
    this.add(path, { kind: 'text', text, mode });
  }

  /** Text in the place of whatever was there. */
  replace(path: string, text: string): void {
    this.entries.delete(canonical(path));
    this.text(path, text);
  }

  link(path: string, target: string): void {
    this.add(path, { kind: 'link', target });
  }

  has(path: string): boolean {
    return this.entries.has(canonical(path));
  }

  /** The same for the same content. */
  hash(): string {
    const hash = createHash('sha256');
    for (const [path, entry] of this.sorted()) {
      hash.update(JSON.stringify([path, entry.kind, this.identity(entry)]));
      if (entry.kind === 'file' && entry.isOurs) hash.update(readFileSync(entry.source));
    }
    return hash.digest('hex');
  }

  private identity(entry: TreeEntry): unknown {
    if (entry.kind === 'directory') return '';
    if (entry.kind === 'link') return entry.target;
    if (entry.kind === 'text') return [entry.mode, entry.text];
    const { size, mtimeMs } = statSync(entry.source);
    return entry.isOurs ? [entry.mode, size] : [entry.mode, entry.source, size, mtimeMs];
  }

  /** What it takes at most in an image. */
  needs(): { readonly blocks: number; readonly inodes: number } {
    let blocks = 0;
    for (const entry of this.entries.values()) {
      const bytes = entry.kind === 'file' ? statSync(entry.source).size : 0;
      // One more for what an entry adds to its directory.
      blocks += Math.ceil(bytes / blockBytes) + 1;
    }
    return { blocks, inodes: this.entries.size };
  }

  /** Each path, from the top. */
  paths(): string[] {
    return this.sorted().map(([path]) => path);
  }

  /** Makes all of it below a directory that is there. */
  stage(root: string): void {
    for (const [path, entry] of this.sorted()) {
      const at = join(root, path);
      if (entry.kind === 'directory') mkdirSync(at, { mode: 0o755 });
      else if (entry.kind === 'link') symlinkSync(entry.target, at);
      else {
        if (entry.kind === 'file') copyFileSync(entry.source, at, constants.COPYFILE_FICLONE);
        else writeFileSync(at, entry.text);
        chmodSync(at, entry.mode);
      }
      // Whatever the umask says: others read it, too.
      if (entry.kind === 'directory') chmodSync(at, 0o755);
    }
  }

  /** The first to take a path keeps it. */
  private add(path: string, entry: TreeEntry): void {
    const at = canonical(path);
    if (this.entries.has(at)) return;
    this.directory(dirname(at));
    this.entries.set(at, entry);
  }

  private sorted(): [string, TreeEntry][] {
    // In the order of code units a directory comes before what is in it.
    return [...this.entries].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function canonical(path: string): string {
  return path.replace(intoUsr, '/usr/$1');
}
