/**
 * Whether this machine is a VM guest or a container, so that a kernel that gets wedged is likely disposable.
 * It only looks at what is shown; every conclusion comes with the evidence for it, so that a user can disagree.
 * Authority: systemd-detect-virt(1) for the places to look, arch/x86/include/asm/cpufeatures.h (hypervisor flag).
 */
import { errnoOf, isMissing, readKernelFile } from './kernel-file.js';

export interface Virtualization {
  readonly guest: boolean;
  readonly container: boolean;
  /** A sentence for each sign that was seen. */
  readonly evidence: readonly string[];
}

const vendors =
  /QEMU|KVM|VMware|VirtualBox|innotek|Xen|Bochs|Parallels|BHYVE|OpenStack|Apple Virtualization|Virtual Machine|Google Compute Engine|Firecracker|Cloud Hypervisor/i;
const dmiFiles = ['sys_vendor', 'product_name', 'board_vendor', 'bios_vendor'];
const containerCgroup = /\/(docker|lxc|kubepods|libpod|containerd|garden|podman|machine\.slice\/libpod)[-/.]/;

export function detectVirtualization(root = '/'): Virtualization {
  const guest = guestEvidence(root);
  const container = containerEvidence(root);
  return { guest: guest.length > 0, container: container.length > 0, evidence: [...guest, ...container] };
}

function guestEvidence(root: string): string[] {
  const evidence: string[] = [];
  const cpuinfo = readIfAllowed('/proc/cpuinfo', root) ?? '';
  if (/^flags\s*:.*\bhypervisor\b/m.test(cpuinfo)) evidence.push('/proc/cpuinfo has the flag hypervisor');
  for (const name of dmiFiles) {
    const file = `/sys/class/dmi/id/${name}`;
    const value = readIfAllowed(file, root)?.trim();
    if (value !== undefined && vendors.test(value)) evidence.push(`${file} says ${JSON.stringify(value)}`);
  }
  const hypervisor = readIfAllowed('/sys/hypervisor/type', root)?.trim();
  // The first Xen domain has the hypervisor too, but owns the machine.
  const owns = (readIfAllowed('/proc/xen/capabilities', root) ?? '').includes('control_d');
  if (hypervisor !== undefined && hypervisor !== '' && !owns)
    evidence.push(`/sys/hypervisor/type says ${hypervisor}`);
  const deviceTree = readIfAllowed('/proc/device-tree/hypervisor/compatible', root)
    ?.replaceAll('\0', ' ')
    .trim();
  if (deviceTree !== undefined) evidence.push(`/proc/device-tree/hypervisor/compatible says ${deviceTree}`);
  return evidence;
}

function containerEvidence(root: string): string[] {
  const evidence: string[] = [];
  for (const file of ['/.dockerenv', '/run/.containerenv']) {
    if (readIfAllowed(file, root) !== undefined) evidence.push(`${file} is there`);
  }
  const systemd = readIfAllowed('/run/systemd/container', root)?.trim();
  if (systemd !== undefined && systemd !== '') evidence.push(`/run/systemd/container says ${systemd}`);
  const cgroup = containerCgroup.exec(readIfAllowed('/proc/1/cgroup', root) ?? '')?.[1];
  if (cgroup !== undefined) evidence.push(`/proc/1/cgroup lies under ${cgroup}`);
  const variable = /(?:^|\0)container=([^\0]+)/.exec(readIfAllowed('/proc/1/environ', root) ?? '')?.[1];
  if (variable !== undefined) evidence.push(`/proc/1/environ says container=${variable}`);
  return evidence;
}

const EPERM = 1;
const EACCES = 13;

/** A sign that may not be looked at is no sign. */
function readIfAllowed(file: string, root: string): string | undefined {
  try {
    return readKernelFile(file, root);
  } catch (error) {
    const errno = errnoOf(error);
    if (isMissing(error) || errno === EPERM || errno === EACCES) return undefined;
    throw error;
  }
}
