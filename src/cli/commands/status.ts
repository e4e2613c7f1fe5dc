/**
 * `stuckfs status`: what a daemon is and how it is doing.
 */
import type { Status } from '../../control/contract/status.js';
import { describeAge, describeByOpcode, describeBytes, describeCount } from '../amounts.js';
import { defineCommand } from '../command.js';
import { formatPairs } from '../table.js';
import { withTarget } from '../target-options.js';

export const statusCommand = defineCommand({
  usage: 'status',
  describe: 'what the daemon is and how it is doing',
  examples: [['status -m /mnt/stuck', 'of the daemon of this mount']],
  options: (yargs) => withTarget(yargs),
  run: async (argv, context) => {
    const { connectToDaemon } = await import('../daemon-target.js');
    const status = await (await connectToDaemon(argv, context)).status();
    if (argv.json) context.printJson(status);
    else context.print(formatStatus(status));
  },
});

type Line = readonly [string, string];

function pinLines({ pins, splice }: Status): Line[] {
  const lines: Line[] = [];
  if (splice.read) {
    const refused = pins.refused === 0 ? '' : `; ${pins.refused} were only answered`;
    const most = splice.maxPins === null ? '' : `, at most ${splice.maxPins}`;
    lines.push([
      'pinned',
      `${describeCount(pins.requests, 'WRITE')}, ${describeBytes(pins.bytes)}${most}${refused}`,
    ]);
  }
  const how = { none: [], move: ['replies to READ moved'], copy: ['replies to READ copied'] }[splice.write];
  const what = [...(splice.read ? ['requests'] : []), ...how];
  if (what.length > 0)
    lines.push(['splice', `${what.join(', ')}${splice.source ? ` from ${splice.source}` : ''}`]);
  if (splice.limited !== null) lines.push(['', splice.limited]);
  return lines;
}

function formatTransport({ transport, capabilities: { writebackCache, maxHeld } }: Status): string {
  const cache = writebackCache ? '' : ', no writeback cache';
  return `${transport}${cache}${maxHeld === null ? '' : `, at most ${maxHeld} asynchronous requests held`}`;
}

function formatStatus(status: Status): string {
  const { protocol, store, held, requests } = status;
  const oldest = held.oldestMs === null ? '' : `, the oldest for ${describeAge(held.oldestMs)}`;
  const byOpcode = describeByOpcode(held.byOpcode);
  return formatPairs([
    ['mounted at', status.mountPoint],
    ['device', `${status.device}, connection ${status.connection}`],
    ['daemon', `stuckfs ${status.stuckfs}, pid ${status.pid}, up ${describeAge(status.uptimeMs)}`],
    ['watchdog', status.watchdogPid === null ? 'none' : `pid ${status.watchdogPid}`],
    ['held', `${describeCount(held.requests, 'request')}, ${describeBytes(held.bytes)}${oldest}`],
    ...(byOpcode === '' ? [] : ([['', byOpcode]] as const)),
    ...pinLines(status),
    ['maximum hold', describeAge(status.maxHoldMs)],
    ['transport', formatTransport(status)],
    ['faults', String(status.faults)],
    ...(status.unplugged ? ([['cable', 'unplugged: every request is held']] as const) : []),
    ['requests', `${requests.total} read, ${status.replies.total} answered`],
    ['store', formatStore(store)],
    ...(store.failure === null ? [] : ([['', store.failure]] as const)),
    [
      'protocol',
      `FUSE ${protocol.major}.${protocol.minor} over ${status.transport}, max_write ${protocol.maxWriteBytes}, ` +
        `max_pages ${protocol.maxPages}, max_background ${protocol.maxBackground}, max_readahead ${protocol.maxReadaheadBytes}`,
    ],
    ['flags', protocol.flags.join(' ')],
  ]);
}

function formatStore({ directory, usedBytes, maxBytes, inodes, maxInodes }: Status['store']): string {
  const bytes = `${describeBytes(usedBytes)} of ${describeBytes(maxBytes)}`;
  if (directory !== null) return `${directory}: ${bytes} in use on its filesystem, ${inodes} inodes known`;
  return `${bytes}, ${inodes}${maxInodes === null ? '' : ` of ${maxInodes}`} inodes`;
}
