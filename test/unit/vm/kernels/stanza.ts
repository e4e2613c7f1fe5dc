/** A stanza of a Packages index. */
export function stanza(
  name: string,
  version: string,
  { sha256 = 'ab'.repeat(32), size = 1000, filename = `pool/main/l/linux/${name}_${version}_amd64.deb` } = {},
): string {
  return `Package: ${name}
Version: ${version}
Installed-Size: 2
Architecture: amd64
Description: made up
Filename: ${filename}
Size: ${size}
SHA256: ${sha256}`;
}
