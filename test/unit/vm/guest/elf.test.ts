import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elfFacts } from '../../../../src/vm/guest/elf.js';
import { elfFactsOf, parseLdd } from '../../../../src/vm/guest/programs.js';

function elf(machine: number, ...programHeaderTypes: number[]): Buffer {
  const bytes = Buffer.alloc(64 + 56 * programHeaderTypes.length);
  bytes.writeUInt32BE(0x7f454c46, 0);
  bytes[4] = 2;
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(programHeaderTypes.length, 56);
  programHeaderTypes.forEach((type, index) => {
    bytes.writeUInt32LE(type, 64 + 56 * index);
  });
  return bytes;
}

test('a file without an interpreter is static', () => {
  assert.deepEqual(elfFacts(elf(62, 1, 4)), { machine: 'x64', isStatic: true });
  assert.deepEqual(elfFacts(elf(62, 1, 3)), { machine: 'x64', isStatic: false });
});

test('other machines have their own names', () => {
  assert.equal(elfFacts(elf(183))?.machine, 'arm64');
  assert.equal(elfFacts(elf(22))?.machine, 'ELF machine 22');
});

test('what is no ELF file, or is cut off, is none', () => {
  assert.equal(elfFacts(Buffer.from('#!/bin/sh\n'.repeat(20))), undefined);
  assert.equal(elfFacts(elf(62, 1, 3).subarray(0, 70)), undefined);
  assert.equal(elfFacts(Buffer.alloc(0)), undefined);
});

test('this Node is for this architecture', () => {
  assert.equal(elfFactsOf(process.execPath)?.machine, process.arch);
});

test('ldd names libraries, the loader, and neither what the kernel brings nor what is not found', () => {
  const text = `/usr/bin/node:
\tlinux-vdso.so.1 (0x00007f29626bc000)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f2962320000)
\tlibfuse.so.2 => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f29626be000)
/usr/sbin/ip:
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f2962320000)
\tnot a dynamic executable
`;
  assert.deepEqual(parseLdd(text), ['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2']);
});
