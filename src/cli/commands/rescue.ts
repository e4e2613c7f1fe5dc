/**
 * `stuckfs rescue`: un-wedges the machine from a cold start.
 */
import type { RescueFindings, RescueReport } from '../../safety/rescue.js';
import { defineCommand } from '../command.js';
import { formatTable } from '../table.js';

/** For a daemon that is asked to release before its connection is aborted. */
const releaseTimeoutMs = 5000;

export const rescueCommand = defineCommand({
  usage: 'rescue',
  describe: 'find what stuckfs left on this machine and un-wedge it, without touching a mount',
  examples: [
    ['rescue --dry-run', 'what there is; nothing is changed'],
    ['rescue', 'release, abort, unmount, put back every changed value'],
    ['rescue --mount /mnt/stuck', 'only what belongs to this mount'],
  ],
  options: (yargs) =>
    yargs
      .option('mount', { alias: 'm', type: 'string', requiresArg: true, describe: 'only this mount point' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'find, and change nothing' }),
  run: async (argv, context) => {
    const [{ rescue }, { connect }, { stateRoot }, { mountPointNamed }] = await Promise.all([
      import('../../safety/rescue.js'),
      import('../../control/client/client.js'),
      import('../../safety/state-directory.js'),
      import('../daemon-target.js'),
    ]);
    const report = await rescue({
      dryRun: argv.dryRun,
      stateRoot: stateRoot(context.environment),
      ...(argv.mount === undefined ? {} : { mountPoint: mountPointNamed(argv.mount, context.environment) }),
      release: async ({ socketPath }) => {
        if (socketPath === undefined) return;
        const client = connect({ socketPath, timeoutMs: releaseTimeoutMs });
        await client.stopPlan();
        await client.clearFaults();
        await client.release({ never: true });
        await client.plug();
      },
    });
    if (argv.json) context.printJson(report);
    else context.print(formatReport(report));
    if (report.failed.length > 0) context.setExitStatus(1);
  },
});

function formatReport({ dryRun, found, done, failed }: RescueReport): string {
  const findings = describeFindings(found);
  const rows = [...done, ...failed].map(({ what, ok, detail }) => [ok ? 'done' : 'FAILED', what, detail]);
  if (findings.length === 0 && rows.length === 0) return 'nothing to rescue\n';
  const list = findings.map((line) => `found  ${line}\n`).join('');
  const table =
    rows.length === 0 ? '' : formatTable([{ title: 'step' }, { title: 'what' }, { title: 'detail' }], rows);
  const end = dryRun
    ? 'dry run: nothing was changed\n'
    : failed.length === 0
      ? 'rescued\n'
      : 'not all could be done\n';
  return [list, table, end].filter((part) => part !== '').join('\n');
}

function describeFindings(found: RescueFindings): string[] {
  return [
    ...found.stateDirectories.map((path) => `state directory ${path}`),
    ...found.broken.map(({ path, reason }) => `state directory ${path} that cannot be used: ${reason}`),
    ...found.mounts.map(({ mountPoint, device }) => `mount ${mountPoint}, device ${device}`),
    ...found.foreignMounts.map(
      ({ mountPoint, device, pid }) =>
        `mount ${mountPoint}, device ${device}, in the mount namespace of ${pid}`,
    ),
    ...found.connections.map((connection) => `FUSE connection ${connection}`),
    ...found.processes.map(({ role, pid }) => `process ${pid} (${role})`),
    ...found.traceInstances.map((path) => `trace instance ${path}`),
    ...found.pseudoMounts.map((path) => `${path}, mounted by stuckfs`),
  ];
}
