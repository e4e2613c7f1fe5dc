/**
 * QEMU's words for a machine shape, a kernel and a guest. Pure; starts nothing.
 * Sockets are named relative to QEMU's working directory, and QEMU connects to them: whoever starts it listens
 * before, so nothing that the guest says is missed. Authority: qemu(1).
 */
import { UsageError } from '../../base/errors.js';
import { hotplugPort } from '../../base/hotplug.js';
import type { MachineShape } from '../machine-shape.js';
import { portNames } from '../protocol.js';
import { kernelCommandLine } from './kernel-command-line.js';

export type Accel = 'kvm' | 'tcg';

export interface QemuPlan {
  readonly shape: MachineShape;
  readonly accel: Accel;
  readonly kernelImage: string;
  readonly initrd: string;
  /** The root filesystem; read only, so that any number of guests may share it. */
  readonly image: string | undefined;
  readonly kernelWords?: readonly string[];
}

/** The sockets in QEMU's working directory, by what they carry. */
export const sockets = { job: 'job', log: 'log', result: 'result', qmp: 'qmp' } as const;

/** One more, where memory comes and goes as the guest asks. */
export const hotplugSocket = 'hotplug';

/** QEMU's ids of what can be unplugged over QMP. */
export const dimmId = 'dimm0';
export const hotplugDimmId = 'dimm1';
export const virtioMemId = 'vmem0';

/**
 * Plain x86-64, which costs a fifth less to emulate than all that QEMU can (vectors, five levels of page tables); and pages
 * of 1 GiB.
 */
const emulatedCpu = 'qemu64,+pdpe1gb,+rdrand';
/** A guest below this runs out of memory while it boots. */
const leastMemoryMiB = 128;
/** Of the memory of a guest that is asked for zones or nodes: the rest, above 4 GiB, is ZONE_NORMAL. */
const lowMemoryMiB = 1024;
/** As much as fits beneath the devices of the machine. */
const mostLowMemoryMiB = 2048;
const mostCpus = 64;

/** @throws {UsageError} for a shape that no machine has */
export function qemuWords(plan: QemuPlan): readonly string[] {
  const { shape, accel, kernelImage, initrd, image } = plan;
  checkShape(shape);
  return [
    '-no-user-config',
    '-nodefaults',
    ...['-display', 'none', '-no-reboot', '-action', 'panic=exit-failure'],
    ...['-machine', `q35,max-ram-below-4g=${belowDevicesMiB(shape)}M`],
    // One thread for all CPUs: with one for each, QEMU 7.2 had 7.3 oops, and now and then any kernel end without a word.
    ...(accel === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=single', '-cpu', emulatedCpu]),
    ...['-smp', cpuWords(shape)],
    ...memoryWords(shape),
    ...['-kernel', kernelImage, '-initrd', initrd],
    ...['-append', kernelCommandLine(shape, plan.kernelWords)],
    ...(image === undefined ? [] : imageWords(image)),
    // The console is QEMU's standard output. Ctrl-C is the runner's to hear.
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=qmp,path=${sockets.qmp}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-device', 'virtio-serial-pci'],
    ...(['job', 'log', 'result'] as const).flatMap((port) => [
      ...['-chardev', `socket,id=${port},path=${sockets[port]}`],
      ...['-device', `virtserialport,chardev=${port},name=${portNames[port]}`],
    ]),
    ...(shape.hotplugDimmMiB === undefined
      ? []
      : [
          ...['-chardev', `socket,id=${hotplugSocket},path=${hotplugSocket}`],
          ...['-device', `virtserialport,chardev=${hotplugSocket},name=${hotplugPort}`],
        ]),
    ...['-device', 'pvpanic-pci'],
  ];
}

/**
 * A guest that needs no other has one zone, ZONE_DMA32: of two, what is allocated next may come out of either, and where
 * the folios are to lie is decided for one.
 */
function belowDevicesMiB({ memoryMiB, numaNodes, cpus, ...zones }: MachineShape): number {
  const isPlain = numaNodes === 1 && Object.values(zones).every((zone) => zone === undefined);
  return isPlain ? Math.min(memoryMiB, mostLowMemoryMiB) : Math.min(memoryMiB, lowMemoryMiB);
}

/** A socket that spans two nodes is no machine that there is, and the kernel warns of it (topology_sane()). */
function cpuWords({ cpus, numaNodes }: MachineShape): string {
  return cpus % numaNodes === 0 ? `${cpus},sockets=${numaNodes}` : `${cpus}`;
}

function memoryWords(shape: MachineShape): readonly string[] {
  const { memoryMiB, numaNodes, cpus, dimmMiB, hotplugDimmMiB, virtioMemMiB } = shape;
  const pluggableMiB = (dimmMiB ?? 0) + (hotplugDimmMiB ?? 0) + (virtioMemMiB ?? 0);
  // Each device may be aligned to 1 GiB.
  const room = pluggableMiB === 0 ? '' : `,slots=4,maxmem=${memoryMiB + pluggableMiB + 3 * 1024}M`;
  const words = ['-m', `${memoryMiB}M${room}`];
  // Pluggable memory wants a node to belong to, so that a guest with one node is told of it as well.
  if (numaNodes === 1 && pluggableMiB === 0) return words;
  for (let node = 0; node < numaNodes; node++) {
    const nodeCpus = Array.from({ length: cpus }, (_, cpu) => cpu)
      .filter((cpu) => Math.floor((cpu * numaNodes) / cpus) === node)
      .map((cpu) => `,cpus=${cpu}`);
    words.push('-object', `memory-backend-ram,id=node${node},size=${memoryMiB / numaNodes}M`);
    words.push('-numa', `node,nodeid=${node},memdev=node${node}${nodeCpus.join('')}`);
  }
  if (dimmMiB !== undefined) {
    words.push('-object', `memory-backend-ram,id=${dimmId}-memory,size=${dimmMiB}M`);
    words.push('-device', `pc-dimm,id=${dimmId},memdev=${dimmId}-memory,node=${numaNodes - 1}`);
  }
  if (virtioMemMiB !== undefined) {
    const size = `requested-size=${virtioMemMiB}M`;
    words.push('-object', `memory-backend-ram,id=${virtioMemId}-memory,size=${virtioMemMiB}M`);
    words.push(
      ...[
        '-device',
        `virtio-mem-pci,id=${virtioMemId},memdev=${virtioMemId}-memory,node=${numaNodes - 1},${size}`,
      ],
    );
  }
  return words;
}

/** As JSON: a comma in a file's name ends nothing there. */
function imageWords(image: string): readonly string[] {
  const file = { driver: 'file', filename: image, 'read-only': true };
  return [
    ...['-blockdev', JSON.stringify({ driver: 'raw', 'node-name': 'root', 'read-only': true, file })],
    ...['-device', 'virtio-blk-pci,drive=root'],
  ];
}

function checkShape(shape: MachineShape): void {
  const { memoryMiB, cpus, numaNodes, hugetlbCmaMiB, cmaMiB } = shape;
  const { dimmMiB, hotplugDimmMiB, virtioMemMiB } = shape;
  const whole = (field: string, value: number, least: number, most: number, multipleOf = 1): void => {
    if (Number.isInteger(value) && value >= least && value <= most && value % multipleOf === 0) return;
    const steps = multipleOf === 1 ? '' : `, a multiple of ${multipleOf}`;
    throw new UsageError(`machine shape: ${field}`, value, `give a number from ${least} to ${most}${steps}`);
  };
  const mostMiB = 1024 * 1024;
  whole('cpus', cpus, 1, mostCpus);
  whole('numaNodes', numaNodes, 1, 2);
  whole('memoryMiB', memoryMiB, leastMemoryMiB, mostMiB, 2);
  // A memory block of a PC is 128 MiB: smaller pieces cannot be plugged.
  for (const [field, value] of Object.entries({ dimmMiB, hotplugDimmMiB, virtioMemMiB }))
    if (value !== undefined) whole(field, value, 128, mostMiB, 128);
  for (const [field, value] of Object.entries({ hugetlbCmaMiB, cmaMiB }))
    if (value !== undefined) whole(field, value, 1, memoryMiB - 1);
  const taken = (hugetlbCmaMiB ?? 0) + (cmaMiB ?? 0);
  if (taken >= memoryMiB)
    throw new UsageError(
      'machine shape: memoryMiB',
      memoryMiB,
      `give more than ${taken}, which CMA takes of it`,
    );
}
