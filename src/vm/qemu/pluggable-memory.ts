/**
 * Memory that comes and goes while the guest runs, over QMP: a pc-dimm and a virtio-mem device.
 * Authority: docs/memory-hotplug.txt of QEMU; drivers/acpi/acpi_memhotplug.c and drivers/virtio/virtio_mem.c.
 */
import { dimmId, virtioMemId } from './command-line.js';
import { type QmpClient, QmpError } from './qmp.js';

/** What became of a request to unplug, as the guest told it. */
export type Unplugged =
  | { readonly kind: 'unplugged' }
  /** The guest could not give the memory back. */
  | { readonly kind: 'refused'; readonly event: string }
  /** The guest has not said: it may still be at it. */
  | { readonly kind: 'no-answer' };

/** acpi_device_hotplug() in drivers/acpi/scan.c tells them by _OST: ACPI_NOTIFY_EJECT_REQUEST, and how it went. */
const ejectRequest = 3;
const ostSuccess = 0;
const ostInProgress = 0x84;

/** The pc-dimm's memory outlives it, and would keep its id from being used again. */
async function dropMemoryOf(qmp: QmpClient, id: string): Promise<void> {
  await qmp.execute('object-del', { id: `${id}-memory` });
}

export async function hasDimm(qmp: QmpClient, id: string): Promise<boolean> {
  const devices = await qmp.execute('query-memory-devices');
  return Array.isArray(devices) && devices.some((device) => (device as DimmInfo)?.data?.id === id);
}

interface DimmInfo {
  readonly data?: { readonly id?: unknown };
}

/** Plugs another pc-dimm in; its id is what `unplugDimm` takes. */
export async function plugDimm(qmp: QmpClient, id: string, sizeMiB: number, node = 0): Promise<void> {
  const size = sizeMiB * 1024 * 1024;
  await qmp.execute('object-add', { 'qom-type': 'memory-backend-ram', id: `${id}-memory`, size });
  await qmp.execute('device_add', { driver: 'pc-dimm', id, memdev: `${id}-memory`, node });
}

/** Asks the guest to offline and give back a pc-dimm, and waits this long for what it says. */
export async function unplugDimm(qmp: QmpClient, withinMs: number, id: string = dimmId): Promise<Unplugged> {
  let timer: NodeJS.Timeout | undefined;
  let stop: () => void = () => undefined;
  const said = new Promise<Unplugged>((resolve) => {
    stop = qmp.onEvent(({ name, data }) => {
      const refusal = name === 'ACPI_DEVICE_OST' ? refusalIn(data['info'], id) : undefined;
      if (refusal !== undefined) resolve({ kind: 'refused', event: `${name} ${refusal}` });
      if (data['device'] !== id) return;
      if (name === 'DEVICE_DELETED') resolve({ kind: 'unplugged' });
      if (name === 'MEM_UNPLUG_ERROR' || name === 'DEVICE_UNPLUG_GUEST_ERROR')
        resolve({ kind: 'refused', event: name });
    });
    timer = setTimeout(() => resolve({ kind: 'no-answer' }), withinMs);
  });
  try {
    await qmp.execute('device_del', { id });
    const unplugged = await said;
    if (unplugged.kind === 'unplugged') await dropMemoryOf(qmp, id);
    return unplugged;
  } finally {
    clearTimeout(timer);
    stop();
  }
}

/** QEMU's ACPIOSTInfo: undefined while the guest is still at it, or has done it. */
function refusalIn(info: unknown, id: string): string | undefined {
  if (typeof info !== 'object' || info === null) return undefined;
  const { device, source, status } = info as Record<string, unknown>;
  if (device !== id || source !== ejectRequest || typeof status !== 'number') return undefined;
  return status === ostSuccess || status === ostInProgress ? undefined : `status 0x${status.toString(16)}`;
}

/** Asks the guest to have this much of the virtio-mem device plugged; `virtioMemSizeMiB` says how far it is. */
export async function requestVirtioMem(qmp: QmpClient, sizeMiB: number): Promise<void> {
  const path = `/machine/peripheral/${virtioMemId}`;
  await qmp.execute('qom-set', { path, property: 'requested-size', value: sizeMiB * 1024 * 1024 });
}

export async function virtioMemSizeMiB(qmp: QmpClient): Promise<number> {
  const path = `/machine/peripheral/${virtioMemId}`;
  const size = await qmp.execute('qom-get', { path, property: 'size' });
  if (typeof size !== 'number') throw new QmpError(`${path}: size is no number`);
  return size / (1024 * 1024);
}
