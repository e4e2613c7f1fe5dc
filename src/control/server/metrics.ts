/**
 * A Status as Prometheus text (exposition format 0.0.4), in base units: seconds and bytes.
 * What is not known is absent, not 0.
 */
import type { Status } from '../contract/status.js';

type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: (status: Status) => readonly (readonly [Labels, number])[];
}

const one = (value: number | null): [Labels, number][] => (value === null ? [] : [[{}, value]]);
const byOpcode = (counts: Readonly<Record<string, number | undefined>>): [Labels, number][] =>
  Object.entries(counts).flatMap(([opcode, value]) => (value === undefined ? [] : [[{ opcode }, value]]));
const seconds = (ms: number) => ms / 1000;

const metrics: readonly Metric[] = [
  {
    name: 'stuckfs_info',
    type: 'gauge',
    help: 'Always 1; the labels say which daemon this is.',
    samples: ({ stuckfs, mountPoint, device, connection, transport, protocol }) => [
      [
        {
          version: stuckfs,
          mount_point: mountPoint,
          device,
          connection: String(connection),
          transport,
          protocol: `${protocol.major}.${protocol.minor}`,
        },
        1,
      ],
    ],
  },
  {
    name: 'stuckfs_uptime_seconds',
    type: 'gauge',
    help: 'Time since the daemon started.',
    samples: (status) => one(seconds(status.uptimeMs)),
  },
  {
    name: 'stuckfs_held_requests',
    type: 'gauge',
    help: 'Requests whose reply is withheld.',
    samples: (status) => byOpcode(status.held.byOpcode),
  },
  {
    name: 'stuckfs_held_bytes',
    type: 'gauge',
    help: 'File data of the requests whose reply is withheld.',
    samples: (status) => one(status.held.bytes),
  },
  {
    name: 'stuckfs_held_oldest_seconds',
    type: 'gauge',
    help: 'Age of the oldest withheld request; absent when there is none.',
    samples: ({ held }) => one(held.oldestMs === null ? null : seconds(held.oldestMs)),
  },
  {
    name: 'stuckfs_pinned_requests',
    type: 'gauge',
    help: 'Answered WRITEs whose data stays in a pipe.',
    samples: (status) => one(status.pins.requests),
  },
  {
    name: 'stuckfs_pinned_bytes',
    type: 'gauge',
    help: 'Data of answered WRITEs that stays in pipes.',
    samples: (status) => one(status.pins.bytes),
  },
  {
    name: 'stuckfs_pins_refused_total',
    type: 'counter',
    help: 'WRITEs that were to be pinned and were only answered.',
    samples: (status) => one(status.pins.refused),
  },
  {
    name: 'stuckfs_max_hold_seconds',
    type: 'gauge',
    help: 'Age at which a withheld request makes the watchdog abort the connection.',
    samples: (status) => one(seconds(status.maxHoldMs)),
  },
  {
    name: 'stuckfs_watchdog_up',
    type: 'gauge',
    help: '1 while a watchdog process guards the connection.',
    samples: ({ watchdogPid }) => one(watchdogPid === null ? 0 : 1),
  },
  {
    name: 'stuckfs_faults',
    type: 'gauge',
    help: 'Armed faults.',
    samples: (status) => one(status.faults),
  },
  {
    name: 'stuckfs_unplugged',
    type: 'gauge',
    help: '1 while every request is held: from unplug to plug.',
    samples: ({ unplugged }) => one(unplugged ? 1 : 0),
  },
  {
    name: 'stuckfs_requests_total',
    type: 'counter',
    help: 'Requests read from the kernel.',
    samples: (status) => byOpcode(status.requests.byOpcode),
  },
  {
    name: 'stuckfs_replies_total',
    type: 'counter',
    help: 'Replies written to the kernel.',
    samples: (status) => one(status.replies.total),
  },
  {
    name: 'stuckfs_replies_refused_total',
    type: 'counter',
    help: 'Replies that the kernel did not take: answered or aborted before, or malformed.',
    samples: (status) => one(status.replies.refused),
  },
  {
    name: 'stuckfs_store_used_bytes',
    type: 'gauge',
    help: 'File data in the store.',
    samples: (status) => one(status.store.usedBytes),
  },
  {
    name: 'stuckfs_store_max_bytes',
    type: 'gauge',
    help: 'File data that the store may hold.',
    samples: (status) => one(status.store.maxBytes),
  },
  {
    name: 'stuckfs_store_inodes',
    type: 'gauge',
    help: 'Inodes in the store.',
    samples: (status) => one(status.store.inodes),
  },
  {
    name: 'stuckfs_store_max_inodes',
    type: 'gauge',
    help: 'Inodes that the store may hold.',
    samples: (status) => one(status.store.maxInodes),
  },
];

export function metricsText(status: Status): string {
  const lines = metrics.flatMap(({ name, type, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples(status).map(([labels, value]) => `${name}${labelText(labels)} ${value}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
