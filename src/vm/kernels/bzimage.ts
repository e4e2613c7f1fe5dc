/**
 * The header of a kernel image: is it a bzImage for x86-64, and of which release.  What it is instead is named, so
 * that a vmlinux or an image for another CPU is told at once.
 * Authority: Documentation/arch/x86/boot.rst; Documentation/arch/arm64/booting.rst, riscv/boot-image-header.rst.
 */

/** The longest that is looked at: the release lies in the setup code, which ends before. */
export const HEADER_BYTES = 64 * 1024;

const HEADER_MAGIC = 0x202;
const PROTOCOL_VERSION = 0x206;
/** Where the version string is, less 0x200. */
const KERNEL_VERSION = 0x20e;
const LOADFLAGS = 0x211;
const LOADED_HIGH = 1;
const XLOADFLAGS = 0x236;
const XLF_KERNEL_64 = 1;
/** From here on xloadflags is there. */
const PROTOCOL_WITH_XLOADFLAGS = 0x20c;
const SMALLEST_HEADER = 0x240;

/** e_machine of an ELF file (include/uapi/linux/elf-em.h). */
const elfMachines: ReadonlyMap<number, string> = new Map([
  [3, '32-bit x86'],
  [8, 'MIPS'],
  [20, '32-bit PowerPC'],
  [21, 'PowerPC'],
  [22, 's390'],
  [40, '32-bit Arm'],
  [62, 'x86-64'],
  [183, 'arm64'],
  [243, 'RISC-V'],
  [258, 'LoongArch'],
]);

export type ImageHeader =
  | { readonly kind: 'bzimage'; readonly release: string }
  /** `is` completes "it is …". */
  | { readonly kind: 'other'; readonly is: string };

/** @param bytes the first HEADER_BYTES of the file, or all of a shorter one */
export function parseImageHeader(bytes: Buffer): ImageHeader {
  const isX86 = bytes.length >= SMALLEST_HEADER && ascii(bytes, HEADER_MAGIC, 4) === 'HdrS';
  if (!isX86) return { kind: 'other', is: otherImage(bytes) };
  if (((bytes[LOADFLAGS] ?? 0) & LOADED_HIGH) === 0)
    return { kind: 'other', is: 'a zImage for x86, which loads low; build bzImage' };
  const hasFlags = bytes.readUInt16LE(PROTOCOL_VERSION) >= PROTOCOL_WITH_XLOADFLAGS;
  if (!hasFlags || (bytes.readUInt16LE(XLOADFLAGS) & XLF_KERNEL_64) === 0)
    return { kind: 'other', is: 'a bzImage for 32-bit x86' };
  const release = releaseAt(bytes, bytes.readUInt16LE(KERNEL_VERSION));
  if (release === undefined) return { kind: 'other', is: 'a bzImage whose header names no release' };
  return { kind: 'bzimage', release };
}

/** `6.18.15+deb13-cloud-amd64 (builder@host) #1 SMP …`, ended by NUL. */
function releaseAt(bytes: Buffer, offset: number): string | undefined {
  const start = offset + 0x200;
  if (offset === 0 || start >= bytes.length) return undefined;
  const end = bytes.indexOf(0, start);
  if (end < 0) return undefined;
  return /^\d[\w.+~-]*(?= |$)/.exec(bytes.toString('latin1', start, end))?.[0];
}

function otherImage(bytes: Buffer): string {
  if (bytes.length === 0) return 'an empty file';
  if (ascii(bytes, 0, 4) === '\x7fELF') {
    const machine = bytes.length >= 20 ? bytes.readUInt16LE(18) : -1;
    const cpu = elfMachines.get(machine) ?? elfMachines.get(bytes.readUInt16BE(18)) ?? 'another CPU';
    return `an ELF file for ${cpu}; the image to boot is arch/x86/boot/bzImage`;
  }
  if (ascii(bytes, 0x38, 4) === 'ARMd') return 'an image for arm64';
  if (ascii(bytes, 0x30, 5) === 'RISCV' || ascii(bytes, 0x38, 4) === 'RSC\x05') return 'an image for RISC-V';
  if (bytes.length >= 0x28 && bytes.readUInt32LE(0x24) === 0x016f2818) return 'a zImage for 32-bit Arm';
  if (bytes.length >= 0x3c && bytes.readUInt32LE(0x38) === 0x818223cd) return 'an image for LoongArch';
  if (ascii(bytes, 0, 2) === 'MZ' && ascii(bytes, 4, 4) === 'zimg')
    return 'a compressed EFI image (vmlinuz.efi), which other CPUs than x86 use';
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0x27051956)
    return 'a U-Boot image, which x86 does not use';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'a gzip file; on x86 bzImage is never wrapped so';
  if (ascii(bytes, 0, 8) === '!<arch>\n') return 'an ar archive; name a Debian package with its .deb ending';
  return 'no kernel image that is known here';
}

function ascii(bytes: Buffer, offset: number, length: number): string {
  return bytes.toString('latin1', offset, offset + length);
}
