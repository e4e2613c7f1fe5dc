/** What a virtual machine has of memory and CPUs. Scenarios ask for one; the same shape may share a boot. */

export interface MachineShape {
  /** All of it that is there at boot, without pluggable memory. */
  readonly memoryMiB: number;
  readonly cpus: number;
  /** With 2, memory and CPUs are halved between them. */
  readonly numaNodes: 1 | 2;
  /** A pc-dimm that is there at boot, onlined to ZONE_MOVABLE, and can be unplugged. */
  readonly dimmMiB?: number;
  /** Room for a pc-dimm of this size that the guest asks for: then it is plugged in, and out again. */
  readonly hotplugDimmMiB?: number;
  /** A virtio-mem device, plugged in whole, onlined to ZONE_MOVABLE; its size can be asked for over QMP. */
  readonly virtioMemMiB?: number;
  /** hugetlb_cma=: for pages of 1 GiB at run time. Kernels without CMA ignore it. */
  readonly hugetlbCmaMiB?: number;
  /** cma= */
  readonly cmaMiB?: number;
}
