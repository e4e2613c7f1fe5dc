/** A made-up header of a bzImage: what Documentation/arch/x86/boot.rst has a boot loader look at, and nothing else. */

interface HeaderFields {
  readonly release?: string;
  readonly loadflags?: number;
  readonly xloadflags?: number;
  readonly protocol?: number;
}

export function makeBzImage({
  release = '6.18.15+deb13-cloud-amd64',
  loadflags = 1,
  xloadflags = 1,
  protocol = 0x20f,
}: HeaderFields = {}): Buffer {
  const bytes = Buffer.alloc(0x3000);
  bytes.writeUInt16LE(0xaa55, 0x1fe);
  bytes.write('HdrS', 0x202, 'latin1');
  bytes.writeUInt16LE(protocol, 0x206);
  // The string lies 0x200 further.
  bytes.writeUInt16LE(0x1000, 0x20e);
  bytes.writeUInt8(loadflags, 0x211);
  bytes.writeUInt16LE(xloadflags, 0x236);
  if (release !== '') bytes.write(`${release} (someone@somewhere) #1 SMP PREEMPT_DYNAMIC`, 0x1200, 'latin1');
  return bytes;
}
