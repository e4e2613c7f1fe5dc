/**
 * What an ELF header says of a file: for which machine it is, and whether it needs a dynamic loader.
 * Authority: elf(5); include/uapi/linux/elf-em.h.
 */

export interface ElfFacts {
  /** As Node spells it, or `ELF machine N`. */
  readonly machine: string;
  /** Has no PT_INTERP: it runs without any library. */
  readonly isStatic: boolean;
}

const nameOfMachine: Readonly<Record<number, string>> = {
  3: 'ia32',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

const ELFCLASS64 = 2;
const PT_INTERP = 3;

/** Undefined: no ELF file, or one that is cut off. @param bytes its first 4 KiB do */
export function elfFacts(bytes: Uint8Array): ElfFacts | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 64 || view.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const number = view.readUInt16LE(18);
  const machine = nameOfMachine[number] ?? `ELF machine ${number}`;
  if (view[4] !== ELFCLASS64) return { machine, isStatic: false };
  const at = Number(view.readBigUInt64LE(32));
  const entryBytes = view.readUInt16LE(54);
  const count = view.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    const place = at + index * entryBytes;
    if (place + 4 > view.length) return undefined;
    if (view.readUInt32LE(place) === PT_INTERP) return { machine, isStatic: false };
  }
  return { machine, isStatic: true };
}
