/**
 * Which modules a guest gets.  Those that it cannot do without are loaded by its init; those that a scenario may ask
 * for lie in its /lib/modules, where modprobe, and the kernel's own request_module(), find them.
 * What a kernel has neither as a module nor built in is told before anything boots, as far as it can be known.
 */
import { GuestError } from './guest-error.js';
import { inOrder, type Module, type ModuleLists } from './module-lists.js';

/** Without these nothing boots, or nothing can be asked; and the option that builds each. */
const needed: Readonly<Record<string, string>> = {
  virtio_pci: 'CONFIG_VIRTIO_PCI',
  virtio_blk: 'CONFIG_VIRTIO_BLK',
  virtio_console: 'CONFIG_VIRTIO_CONSOLE',
  ext4: 'CONFIG_EXT4_FS',
  fuse: 'CONFIG_FUSE_FS',
};

/** Only yes or no: they are no modules. */
const neededOptions = ['CONFIG_BLK_DEV_INITRD', 'CONFIG_RD_GZIP', 'CONFIG_DEVTMPFS', 'CONFIG_TMPFS'];

/**
 * Loaded at boot where they are modules: the checksum that ext4 asks for by name on older kernels, what tells QEMU of
 * a panic, and what drives a memory device that is there at boot.
 */
const loadedIfThere = ['crc32c_generic', 'crc32c_cryptoapi', 'pvpanic_pci', 'pvpanic', 'virtio_mem'];

/** For scenarios. */
const onDemand = [
  'xfs',
  'loop',
  'veth',
  'nfs',
  'nfsv3',
  'nfsv4',
  'nfsd',
  'lockd',
  'dm_mod',
  'dm_delay',
  'hwpoison_inject',
];

export interface GuestModules {
  /** In the order in which init loads them. */
  readonly atBoot: readonly Module[];
  /** All that are in the guest. */
  readonly all: readonly Module[];
}

/**
 * @param lists undefined for a kernel without modules
 * @param config text of its .config, where that is known
 * @throws {GuestError} GUEST_KERNEL, that names everything it lacks
 */
export function chooseModules(
  kernel: string,
  lists: ModuleLists | undefined,
  config: string | undefined,
): GuestModules {
  const lacking = Object.entries(needed)
    .filter(([name, option]) => !isThere(name, option, lists, config))
    .map(([name, option]) => `${name} (${option})`);
  const off = config === undefined ? [] : neededOptions.filter((option) => !isBuiltIn(option, config));
  if (lacking.length + off.length > 0)
    throw new GuestError(
      'GUEST_KERNEL',
      `kernel ${kernel} lacks what every guest needs: ${[...lacking, ...off].join(', ')}` +
        (lists === undefined && lacking.length > 0
          ? ': build it in, or give the directory of its modules'
          : ''),
    );
  if (lists === undefined) return { atBoot: [], all: [] };
  const atBoot = inOrder([...loadedIfThere.slice(0, 2), ...Object.keys(needed), ...loadedIfThere], lists);
  return {
    atBoot,
    all: inOrder([...atBoot.map(({ name }) => name), ...onDemand], lists),
  };
}

/** What cannot be known is taken to be there: the boot will tell. */
function isThere(
  name: string,
  option: string,
  lists: ModuleLists | undefined,
  config: string | undefined,
): boolean {
  if (lists?.modules.has(name) || lists?.builtin.has(name)) return true;
  if (config !== undefined) return isBuiltIn(option, config);
  // Directories of home-built kernels may lack modules.builtin.
  return lists === undefined || lists.builtin.size === 0;
}

function isBuiltIn(option: string, config: string): boolean {
  return config.includes(`\n${option}=y\n`) || config.startsWith(`${option}=y\n`);
}
