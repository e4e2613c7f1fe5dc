/**
 * The smallest first process there is: says a word on the console and switches the machine off. x86-64 machine code
 * in an ELF file of one segment, so that a probe needs neither a compiler nor a shell.
 * Authority: elf(5); write(2) and reboot(2) by arch/x86/entry/syscalls/syscall_64.tbl.
 */
import { cpioArchive } from '../guest/cpio.js';

/** What it says. */
export const probeWord = 'stuckfs: the first process runs';

const loadAddress = 0x400000;
const headerBytes = 64;
const segmentBytes = 56;

/** An initramfs with nothing else. */
export function probeInitramfs(): Buffer {
  return cpioArchive([
    { kind: 'directory', path: 'dev' },
    // The kernel opens it for the first process.
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'init', mode: 0o755, bytes: probeInit() },
  ]);
}

function probeInit(): Buffer {
  const text = Buffer.from(`${probeWord}\n`);
  const codeAt = headerBytes + segmentBytes;
  const call = (number: number, ...words: readonly number[]): Buffer =>
    Buffer.concat([
      move(0xb8, number),
      // edi, esi, edx
      ...words.map((word, index) => move([0xbf, 0xbe, 0xba][index] ?? 0, word)),
      Buffer.from([0x0f, 0x05]),
    ]);
  // write(1, text, length); its address is known once the length of the code is.
  const code = (textAt: number): Buffer =>
    Buffer.concat([
      call(1, 1, loadAddress + textAt, text.length),
      // reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF)
      call(169, 0xfee1dead, 0x28121969, 0x4321fedc),
      // jmp to itself
      Buffer.from([0xeb, 0xfe]),
    ]);
  const textAt = codeAt + code(0).length;
  const size = textAt + text.length;
  const header = Buffer.alloc(headerBytes);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16); // ET_EXEC
  header.writeUInt16LE(62, 18); // EM_X86_64
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(loadAddress + codeAt), 24);
  header.writeBigUInt64LE(BigInt(headerBytes), 32);
  header.writeUInt16LE(headerBytes, 52);
  header.writeUInt16LE(segmentBytes, 54);
  header.writeUInt16LE(1, 56);
  const segment = Buffer.alloc(segmentBytes);
  segment.writeUInt32LE(1, 0); // PT_LOAD
  segment.writeUInt32LE(5, 4); // readable, executable
  segment.writeBigUInt64LE(BigInt(loadAddress), 16);
  segment.writeBigUInt64LE(BigInt(loadAddress), 24);
  segment.writeBigUInt64LE(BigInt(size), 32);
  segment.writeBigUInt64LE(BigInt(size), 40);
  segment.writeBigUInt64LE(0x1000n, 48);
  return Buffer.concat([header, segment, code(textAt), text]);
}

/** mov r32, imm32 */
function move(opcode: number, value: number): Buffer {
  const bytes = Buffer.alloc(5, opcode);
  bytes.writeUInt32LE(value, 1);
  return bytes;
}
