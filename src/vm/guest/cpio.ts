/**
 * A cpio archive in the `newc` format, as the kernel unpacks it into its initramfs.  Everything in it belongs to root,
 * whoever makes it, and the same entries make the same bytes.
 * Authority: Documentation/driver-api/early-userspace/buffer-format.rst, init/initramfs.c.
 */

export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode?: number; readonly bytes: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'character-device';
      readonly path: string;
      readonly major: number;
      readonly minor: number;
    };

const S_IFLNK = 0o120000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFCHR = 0o020000;

/** Missing directories are not made: name each before what lies in it. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    const { mode, bytes, rdev } = inodeOf(entry);
    // Inode numbers only tell hard links, which we have none of.
    parts.push(header(entry.path.replace(/^\/+/, ''), index + 1, mode, bytes.length, rdev), padded(bytes));
  });
  parts.push(header('TRAILER!!!', 0, 0, 0, [0, 0]));
  return Buffer.concat(parts);
}

interface Inode {
  readonly mode: number;
  readonly bytes: Uint8Array;
  readonly rdev: readonly [number, number];
}

function inodeOf(entry: CpioEntry): Inode {
  const none = { bytes: new Uint8Array(), rdev: [0, 0] as const };
  switch (entry.kind) {
    case 'directory':
      return { ...none, mode: S_IFDIR | (entry.mode ?? 0o755) };
    case 'file':
      return { ...none, mode: S_IFREG | (entry.mode ?? 0o644), bytes: entry.bytes };
    case 'link':
      return { ...none, mode: S_IFLNK | 0o777, bytes: Buffer.from(entry.target) };
    case 'character-device':
      return { ...none, mode: S_IFCHR | 0o600, rdev: [entry.major, entry.minor] };
  }
}

/** With its name, which is padded so that what follows starts at a multiple of four. */
function header(
  name: string,
  inode: number,
  mode: number,
  fileBytes: number,
  rdev: readonly [number, number],
): Buffer {
  const nameBytes = Buffer.byteLength(name) + 1;
  const [uid, gid, links, mtime, devMajor, devMinor, check] = [0, 0, 1, 0, 0, 0, 0];
  const fields = [
    inode,
    mode,
    uid,
    gid,
    links,
    mtime,
    fileBytes,
    devMajor,
    devMinor,
    ...rdev,
    nameBytes,
    check,
  ];
  const hex = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return padded(Buffer.from(`070701${hex}${name}\0`));
}

function padded(bytes: Uint8Array): Buffer {
  const rest = (4 - (bytes.length % 4)) % 4;
  return Buffer.concat([bytes, Buffer.alloc(rest)]);
}
