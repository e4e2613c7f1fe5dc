import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseImageHeader } from '../../../../src/vm/kernels/bzimage.js';
import { makeBzImage } from '../../../support/kernel-image.js';

test('the release is read out of the header', () => {
  for (const release of [
    '6.18.15+deb13-cloud-amd64',
    '6.1.0-56-cloud-amd64',
    '7.3.0-rc4-g1234abcd',
    '6.12.0+',
  ])
    assert.deepEqual(parseImageHeader(makeBzImage({ release })), { kind: 'bzimage', release });
});

const elf = (machine: number) => {
  const bytes = Buffer.alloc(64);
  bytes.write('\x7fELF', 'latin1');
  bytes.writeUInt16LE(machine, 18);
  return bytes;
};
const at = (offset: number, text: string) => {
  const bytes = Buffer.alloc(0x400);
  bytes.write(text, offset, 'latin1');
  return bytes;
};

describe('what is no bzImage for x86-64 is named', () => {
  const cases: readonly (readonly [string, Buffer, RegExp])[] = [
    ['nothing', Buffer.alloc(0), /empty/],
    ['a short file', Buffer.from('MZ'), /no kernel image/],
    ['vmlinux', elf(62), /ELF file for x86-64; .*arch\/x86\/boot\/bzImage/],
    ['a vmlinux of another CPU', elf(183), /ELF file for arm64/],
    ['arm64 Image', at(0x38, 'ARMd'), /image for arm64/],
    ['RISC-V Image', at(0x30, 'RISCV'), /RISC-V/],
    ['EFI zboot', Buffer.concat([Buffer.from('MZ\0\0zimg'), Buffer.alloc(64)]), /compressed EFI image/],
    ['Image.gz', Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/],
    ['a package without its ending', Buffer.from('!<arch>\ndebian-binary'), /\.deb ending/],
    ['a bzImage for 32 bit', makeBzImage({ xloadflags: 0 }), /32-bit x86/],
    ['a protocol before xloadflags', makeBzImage({ protocol: 0x20b }), /32-bit x86/],
    ['a zImage', makeBzImage({ loadflags: 0 }), /zImage/],
    ['a header without a release', makeBzImage({ release: '' }), /names no release/],
    ['a header cut before its release', makeBzImage().subarray(0, 0x1100), /names no release/],
    ['a header cut in its release', makeBzImage().subarray(0, 0x1204), /names no release/],
    ['a header cut in the middle', makeBzImage().subarray(0, 0x220), /no kernel image/],
  ];
  for (const [name, bytes, expected] of cases) {
    test(name, () => {
      const header = parseImageHeader(bytes);
      assert.equal(header.kind, 'other');
      assert.match(header.is, expected);
    });
  }
});
