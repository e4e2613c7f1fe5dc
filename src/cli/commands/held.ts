/**
 * `stuckfs held`: what the kernel waits for, and waiting until it waits for so much.
 */
import { UsageError } from '../../base/errors.js';
import type { HeldAnswer } from '../../control/contract/held.js';
import { describeAge, describeByOpcode, describeBytes, describeCount } from '../amounts.js';
import { defineCommand } from '../command.js';
import { ifGiven, wholeNumber } from '../option-values.js';
import { type Column, formatTable } from '../table.js';
import { withTarget } from '../target-options.js';

const maxLimit = 100_000;

export const heldCommand = defineCommand({
  usage: 'held',
  describe: 'list the requests that the kernel waits for',
  examples: [
    ['held --opcode write --limit 20', 'the oldest 20 WRITE requests, and how many there are'],
    ['held --wait-for 64 --timeout 10s', 'return once 64 are held; exit 3 when that takes longer'],
  ],
  options: (yargs) =>
    withTarget(yargs)
      .option('opcode', { type: 'string', requiresArg: true, describe: 'only this opcode' })
      .option('path', { type: 'string', requiresArg: true, describe: 'only such paths, a glob: "/dir/**"' })
      .option('nodeid', { type: 'string', requiresArg: true, describe: 'only this inode' })
      .option('limit', {
        type: 'string',
        requiresArg: true,
        describe: 'at most so many rows (1000); 0: totals',
      })
      .option('wait-for', { type: 'string', requiresArg: true, describe: 'wait until so many are held' })
      .option('timeout', { type: 'string', requiresArg: true, describe: 'of --wait-for (10s)' }),
  run: async (argv, context) => {
    const { connectToDaemon } = await import('../daemon-target.js');
    const { readGlob, readNodeid, readOpcodes } = await import('../held-filter.js');
    const { parseDuration } = await import('../../base/duration.js');
    const opcodes = ifGiven(argv.opcode, (text) => readOpcodes([text])) ?? [];
    if (opcodes.length > 1) throw new UsageError('--opcode', argv.opcode, 'give one opcode');
    const opcode = opcodes[0];
    const path = ifGiven(argv.path, readGlob);
    const nodeid = ifGiven(argv.nodeid, readNodeid);
    const limit = ifGiven(argv.limit, (text) => wholeNumber('--limit', text, { min: 0, max: maxLimit }));
    const requests = ifGiven(argv.waitFor, (text) => wholeNumber('--wait-for', text, { min: 1, max: 1e9 }));
    const timeoutMs = ifGiven(argv.timeout, (text) => parseDuration('--timeout', text)) ?? 10_000;
    if (requests === undefined && argv.timeout !== undefined) {
      throw new UsageError('--timeout', argv.timeout, 'goes with --wait-for only');
    }
    if (requests !== undefined && argv.nodeid !== undefined) {
      throw new UsageError('--nodeid', argv.nodeid, 'does not go with --wait-for; use --path');
    }
    const client = await connectToDaemon(argv, context);
    const filter = {
      ...(opcode === undefined ? {} : { opcode }),
      ...(path === undefined ? {} : { path }),
    };
    if (requests !== undefined) await client.waitForHeld({ requests, timeoutMs, ...filter });
    const answer = await client.held({
      ...filter,
      ...(nodeid === undefined ? {} : { nodeid }),
      ...(limit === undefined ? {} : { limit }),
    });
    if (argv.json) context.printJson(answer);
    else context.print(formatHeld(answer));
  },
});

const columns: readonly Column[] = [
  { title: 'unique', align: 'right' },
  { title: 'opcode' },
  { title: 'nodeid', align: 'right' },
  { title: 'path' },
  { title: 'offset', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'age', align: 'right' },
  { title: 'pid', align: 'right' },
  { title: 'reason' },
];

function formatHeld({ held, total, byOpcode }: HeldAnswer): string {
  const rows = held.map((request) => [
    request.unique,
    request.opcode.replace(/^FUSE_/, ''),
    String(request.nodeid),
    request.path ?? '(no name)',
    request.offset === null ? '-' : String(request.offset),
    request.size === null ? '-' : String(request.size),
    describeAge(request.ageMs),
    String(request.pid),
    request.pinned ? `${request.reason}, answered` : request.reason,
  ]);
  if (total.requests === 0) return 'nothing is held\n';
  const totals = `${describeCount(total.requests, 'request')} held, ${describeBytes(total.bytes)}: ${describeByOpcode(byOpcode)}\n`;
  if (held.length === 0) return totals;
  const shown = held.length < total.requests ? `the oldest ${held.length} of ` : '';
  return `${formatTable(columns, rows)}\n${shown}${totals}`;
}
