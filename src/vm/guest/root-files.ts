/**
 * What the root image of a guest holds: this Node, this package, busybox, and the tools that scenarios ask for, as far
 * as they are installed here: what is missing then is told by the scenario that needs it, in the guest.  Nothing in it
 * depends on the kernel, so that all kernels share one image.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { GuestTree } from './guest-tree.js';
import { rootInit } from './init.js';
import type { PackageFile } from './package-files.js';
import { findTool, librariesOf } from './programs.js';
import { applets } from './static-busybox.js';

/**
 * mkfs.xfs for images; iproute2 and the NFS tools for a server and a client in namespaces; those of util-linux because
 * busybox's know fewer options; dmsetup for slow disks.
 */
const tools = [
  'mkfs.xfs',
  'ip',
  'mount.nfs',
  'mount.nfs4',
  'umount.nfs',
  'umount.nfs4',
  'rpc.nfsd',
  'rpc.mountd',
  'rpc.statd',
  'exportfs',
  'rpcbind',
  'nfsdctl',
  'dmsetup',
  'mount',
  'umount',
  'unshare',
  'nsenter',
  'setpriv',
];

/** Tables that the NFS tools look things up in. */
const tables = ['/etc/netconfig', '/etc/rpc', '/etc/protocols', '/etc/services'];

const mountPoints = [
  '/dev',
  '/mnt',
  '/out',
  '/proc',
  '/root',
  '/run',
  '/sys',
  '/tmp',
  '/var',
  '/usr/lib/modules',
];
/** Where the package is in the guest. */
export const home = '/opt/stuckfs';

/**
 * @param files of this package
 * @param busybox a static one, of this architecture
 */
export function rootFiles(files: readonly PackageFile[], busybox: string): GuestTree {
  const tree = new GuestTree();
  for (const path of mountPoints) tree.directory(path);
  tree.file('/usr/bin/node', process.execPath);
  for (const { path, source } of files) tree.file(join(home, path), source, { isOurs: true });

  const path = process.env['PATH'] ?? '';
  const found = tools.map((name) => findTool(name, path)).filter((file) => file !== undefined);
  for (const file of found) tree.file(join('/usr', kindOf(file), basename(file)), file);
  const addons = files.map(({ source }) => source).filter((source) => source.endsWith('.node'));
  const libraries = librariesOf([process.execPath, ...found, ...addons]);
  for (const library of libraries) tree.file(library, library);

  tree.file('/usr/bin/busybox', busybox);
  for (const name of applets(busybox))
    if (!tree.has(`/usr/bin/${name}`) && !tree.has(`/usr/sbin/${name}`))
      tree.link(`/usr/bin/${name}`, 'busybox');
  // Where the kernel looks for it (CONFIG_MODPROBE_PATH).
  tree.link('/usr/sbin/modprobe', '../bin/busybox');

  for (const table of tables) if (existsSync(table)) tree.file(table, table);
  tree.text('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  tree.text('/etc/group', 'root:x:0:\nnogroup:x:65534:\n');
  tree.text('/etc/hosts', '127.0.0.1 localhost stuckfs\n');
  tree.link('/etc/mtab', '/proc/self/mounts');
  tree.text('/usr/sbin/stuckfs-init', rootInit, 0o755);
  return tree;
}

function kindOf(file: string): 'sbin' | 'bin' {
  return basename(dirname(file)) === 'sbin' ? 'sbin' : 'bin';
}
