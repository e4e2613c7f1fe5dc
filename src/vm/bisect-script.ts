/**
 * The shell script that `git bisect run` is given in a kernel tree: build this commit, boot it, play scenarios, exit as
 * git wants it.  Pure: text only.
 * Authority: git-bisect(1): 0 good, 1 to 124 bad, 125 skip, 128 and above end the bisection.
 */

/** Built in, so that there are no modules to install: what every guest needs, and what is asked of a kernel. */
const options = [
  ...['BLK_DEV_INITRD', 'RD_GZIP', 'DEVTMPFS', 'TMPFS', 'EXT4_FS', 'FUSE_FS', 'BLK_DEV_LOOP', 'XFS_FS'],
  ...['VIRTIO_PCI', 'VIRTIO_BLK', 'VIRTIO_CONSOLE', 'SERIAL_8250_CONSOLE', 'PVPANIC', 'PVPANIC_PCI'],
  ...['COMPACTION', 'MIGRATION', 'TRANSPARENT_HUGEPAGE', 'HUGETLBFS', 'NUMA', 'CMA', 'MEMORY_HOTPLUG'],
  ...[
    'MEMORY_HOTREMOVE',
    'MEMORY_FAILURE',
    'CGROUPS',
    'MEMCG',
    'PROC_PAGE_MONITOR',
    'USER_NS',
    'IKCONFIG',
    'IKCONFIG_PROC',
  ],
  ...['KALLSYMS', 'STACKTRACE', 'FTRACE', 'FUNCTION_TRACER', 'DEBUG_FS'],
];

export interface BisectWords {
  /** The program and its first words. */
  readonly stuckfs: readonly string[];
  /** Of `stuckfs vm run`: what is played. */
  readonly played: readonly string[];
}

export function bisectScript({ stuckfs, played }: BisectWords): string {
  const run = [...stuckfs, 'vm', 'run', ...played].map(quoted).join(' ');
  return `#!/bin/sh
# For \`git bisect run\` in a kernel tree: finds the commit since which a kernel does other than what is expected of it.
#
#   stuckfs vm bisect-helper ${played.map(quoted).join(' ')} > /tmp/bisect.sh
#   cd linux
#   git bisect start BAD GOOD
#   git bisect run sh /tmp/bisect.sh
#
# BAD and GOOD are the two ends: try both first, each with \`git checkout COMMIT && sh /tmp/bisect.sh; echo $?\`.
# Exit status: 0 as expected, 1 not, 125 where this commit is not built, does not boot, or nothing can be said of it.
# What is expected follows the features that a kernel has (stuckfs list --expectations), so a change that stuckfs knows
# of is no fault: to find such a change compare outcomes, as the last lines say.
#
# It needs no root. The tree stays clean: everything goes to STUCKFS_BISECT_BUILD, by default a directory beside it, which
# is kept from commit to commit so that only what changed is built again.
set -u
build=\${STUCKFS_BISECT_BUILD:-$(pwd)-stuckfs-bisect}
commit=$(git rev-parse --short=12 HEAD) || exit 128
mkdir -p "$build/runs" || exit 128

build_kernel() {
  [ -f "$build/.config" ] || make O="$build" x86_64_defconfig kvm_guest.config || return 1
  scripts/config --file "$build/.config" \\
${options.map((name) => `    -e ${name}`).join(' \\\n')} || return 1
  make O="$build" olddefconfig &&
    make O="$build" -j"$(nproc)" bzImage
}

if ! build_kernel </dev/null >"$build/build.log" 2>&1; then
  echo "$commit is not built: $build/build.log" >&2
  exit 125
fi
# Every run directory is kept.
out=$build/runs/$commit-$(date +%s)
${run} \\
  --kernel "$build/arch/x86/boot/bzImage" --bisect --out "$out"
status=$?
# For an outcome instead: 0 where it is still the old one.
#   grep -q '"outcome": "stalled"' "$out/run.json"; status=$?
exit $status
`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
