/**
 * `stuckfs mount`: checks every word, then starts the daemon in the background, or becomes it.
 */
import type { ArgumentsCamelCase } from 'yargs';
import { UsageError } from '../../base/errors.js';
import type { DaemonConfigInput } from '../../daemon/config.js';
import { type CommandContext, defineCommand } from '../command.js';
import type { SpliceWords } from '../splice-options.js';

interface MountArguments extends SpliceWords {
  readonly mountpoint: string;
  readonly o: readonly string[] | undefined;
  readonly transport: string | undefined;
  readonly socket: string | undefined;
  readonly maxHold: string | undefined;
  readonly backing: string | undefined;
  readonly size: string | undefined;
  readonly inodes: string | undefined;
  readonly noWritebackCache: boolean;
  readonly maxPages: string | undefined;
  readonly maxBackground: string | undefined;
  readonly attrTimeout: string | undefined;
  readonly entryTimeout: string | undefined;
  readonly noFlush: boolean;
  readonly plan: string | undefined;
  readonly seed: string | undefined;
  readonly logFile: string | undefined;
  readonly logLevel: string | undefined;
}

export const mountCommand = defineCommand({
  usage: 'mount <mountpoint>',
  describe: 'mount, and leave the daemon in the background',
  lists: ['o', 'splice'],
  examples: [
    ['mount /mnt/stuck', 'returns once the mount is up'],
    ['mount -f --log-level debug /mnt/stuck', 'stays in front and logs'],
    [
      'mount -o allow_other,ro --max-hold 30s /mnt/stuck',
      'for all users, read-only, aborted after 30 s of hold',
    ],
    ['mount --splice read /mnt/stuck', 'then stuckfs fault add pin keeps the folios of WRITEs in pipes'],
    ['mount --plan plan.yaml /mnt/stuck', 'a fault plan begins as soon as the mount is up'],
    ['mount --transport libfuse /mnt/stuck', 'the same files and faults, over libfuse 2.9'],
    ['mount --backing /srv/data /mnt/stuck', 'serves that directory: what is written stays there'],
    ['mount --ready-fd 3 /mnt/stuck 3>ready', 'a line of JSON in the file once it is up'],
  ],
  options: (yargs) => {
    const text = { type: 'string', requiresArg: true } as const;
    const flag = { type: 'boolean', default: false } as const;
    return yargs
      .positional('mountpoint', { type: 'string', demandOption: true, describe: 'an empty directory' })
      .option('o', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'mount options: allow_other,ro,...',
      })
      .option('transport', {
        ...text,
        describe:
          'dev-fuse, or libfuse: fuse-native, no writeback cache, a thread for each held request (dev-fuse)',
      })
      .option('foreground', { alias: 'f', ...flag, describe: 'stay in front' })
      .option('ready-fd', { ...text, describe: 'a descriptor that gets a line of JSON once the mount is up' })
      .option('socket', { ...text, describe: 'path of the control socket (default: in the state directory)' })
      .option('max-hold', { ...text, describe: 'a watchdog aborts what is held longer (120s, at most 24h)' })
      .option('backing', {
        ...text,
        describe: 'serve this directory, without what is mounted below it (default: a store in memory)',
      })
      .option('size', { ...text, describe: 'of the store, which is in memory: 512M, 4G' })
      .option('inodes', { ...text, describe: 'files and directories at most (1000000)' })
      .option('no-writeback-cache', {
        ...flag,
        describe: 'write(2) is sent at once; only mmap dirties folios',
      })
      .option('max-pages', { ...text, describe: 'pages in one request, as far as the kernel allows (256)' })
      .option('max-background', {
        ...text,
        describe: 'asynchronous requests out at once (65535; libfuse: 4096)',
      })
      .option('attr-timeout', { ...text, describe: 'how long the kernel believes attributes (1s)' })
      .option('entry-timeout', { ...text, describe: 'how long the kernel believes names (1s)' })
      .option('no-flush', {
        ...flag,
        describe: 'close(2) sends no FLUSH and does not wait; needs --no-writeback-cache',
      })
      .option('splice', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'through pipes: read (requests), write (READ replies, moved), write-copy (copied)',
      })
      .option('splice-source', {
        ...text,
        describe: 'pages to answer READs with: pipe, or a directory of another filesystem (pipe)',
      })
      .option('max-pins', { ...text, describe: 'WRITEs pinned at once (what RLIMIT_NOFILE leaves)' })
      .option('plan', { ...text, describe: 'a fault plan (YAML or JSON) that starts with the mount' })
      .option('seed', { ...text, describe: 'of every random choice (0)' })
      .option('log-file', { ...text, describe: 'log of the daemon (default: in the state directory)' });
  },
  run: async (argv, context) => {
    const { checkReadyFd } = await import('../ready-descriptor.js');
    const readyFd = argv.readyFd === undefined ? undefined : checkReadyFd(argv.readyFd);
    const config = await configOf(argv, context);
    await refuseIncapable();
    const { daemonProgram, runInFront } = await import('../daemon-program.js');
    if (argv.foreground) {
      await runInFront({ ...config, ...(readyFd === undefined ? {} : { readyFd }) });
      return;
    }
    await inBackground(config, { program: daemonProgram, readyFd, json: argv.json }, context);
  },
});

async function inBackground(
  config: DaemonConfigInput,
  {
    program,
    readyFd,
    json,
  }: { readonly program: string; readonly readyFd: number | undefined; readonly json: boolean },
  context: CommandContext,
): Promise<void> {
  const { DaemonStartError, launchDaemon } = await import('../daemon-launch.js');
  const { tellReadyFd } = await import('../ready-descriptor.js');
  try {
    const { ready, line } = await launchDaemon({ config, program });
    if (readyFd !== undefined) tellReadyFd(readyFd, line);
    if (json) context.printJson(ready);
    else
      context.print(`mounted at ${ready.mountPoint}, control socket ${ready.socketPath}, pid ${ready.pid}`);
  } catch (error) {
    const line = error instanceof DaemonStartError ? error.line : undefined;
    if (readyFd !== undefined && line !== undefined) tellReadyFd(readyFd, line);
    throw error;
  }
}

const maxInodes = 100_000_000;

async function configOf(
  argv: ArgumentsCamelCase<MountArguments>,
  { environment }: CommandContext,
): Promise<DaemonConfigInput> {
  const [
    { totalmem },
    { formatDuration, parseDuration },
    { formatSize, parseSize },
    { ifGiven, wholeNumber },
    mountPoint,
    { checkSocketPath },
    { spliceOf },
    { checkTransport },
  ] = await Promise.all([
    import('node:os'),
    import('../../base/duration.js'),
    import('../../base/size.js'),
    import('../option-values.js'),
    import('../mount-point.js'),
    import('../../control/contract/socket-path.js'),
    import('../splice-options.js'),
    import('../transport-option.js'),
  ]);
  const { transport, mostBackground } = checkTransport(argv);
  // fuse_flush() in fs/fuse/file.c passes over FOPEN_NOFLUSH where the writeback cache is on.
  if (argv.noFlush && !argv.noWritebackCache) {
    throw new UsageError(
      '--no-flush',
      true,
      'the kernel ignores it under the writeback cache; give --no-writeback-cache too',
    );
  }
  for (const [option, value] of [
    ['--size', argv.size],
    ['--inodes', argv.inodes],
  ] as const) {
    if (argv.backing !== undefined && value !== undefined) {
      throw new UsageError(option, value, 'limits a store in memory; leave it out with --backing');
    }
  }
  const milliseconds = (option: string, text: string | undefined, min: number) =>
    ifGiven(text, (given) => {
      const ms = parseDuration(option, given);
      if (ms < min || !Number.isInteger(ms)) {
        throw new UsageError(option, given, `give whole milliseconds, ${formatDuration(min)} or more`);
      }
      return ms;
    });
  const number = (option: string, text: string | undefined, min: number, max: number) =>
    ifGiven(text, (given) => wholeNumber(option, given, { min, max }));
  const given = {
    transport,
    socketPath: ifGiven(argv.socket, (path) => {
      checkSocketPath(path);
      const absolute = mountPoint.checkOutsideMounts('--socket', path);
      checkSocketPath(absolute);
      return absolute;
    }),
    maxHoldMs: milliseconds('--max-hold', argv.maxHold, 1),
    maxBytes: ifGiven(argv.size, (text) => {
      const bytes = parseSize('--size', text);
      const limit = totalmem();
      if (bytes < 1 || bytes > limit) {
        const most = formatSize(Math.floor(limit / 2 ** 20) * 2 ** 20);
        throw new UsageError(
          '--size',
          text,
          `the store is in memory: give 1 byte to ${most}, all that this machine has`,
        );
      }
      return bytes;
    }),
    maxInodes: number('--inodes', argv.inodes, 1, maxInodes),
    maxPages: number('--max-pages', argv.maxPages, 1, 65_535),
    maxBackground: number('--max-background', argv.maxBackground, 1, mostBackground),
    attrTimeoutMs: milliseconds('--attr-timeout', argv.attrTimeout, 0),
    entryTimeoutMs: milliseconds('--entry-timeout', argv.entryTimeout, 0),
    seed: number('--seed', argv.seed, 0, 0xffff_ffff),
    logLevel: argv.logLevel,
    logFile: ifGiven(argv.logFile, (path) => mountPoint.checkOutsideMounts('--log-file', path)),
  };
  const { DaemonConfigSpec } = await import('../../daemon/config.js');
  const checkedMountPoint = mountPoint.checkMountPoint(argv.mountpoint, environment);
  const config = DaemonConfigSpec.parse({
    mountPoint: checkedMountPoint,
    backing: ifGiven(argv.backing, (path) => mountPoint.checkBacking(path, checkedMountPoint)),
    mountOptions: argv.o ?? [],
    writebackCache: !argv.noWritebackCache && transport === 'dev-fuse',
    noFlush: argv.noFlush,
    splice: spliceOf(argv),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  });
  if (config.splice.read) {
    // A daemon with too few of them may not even come to say so.
    const { countPins } = await import('../../daemon/splice-plan.js');
    countPins(config);
  }
  if (argv.plan === undefined) return config;
  const { planForMount } = await import('../plan-file.js');
  const { withinLibfuse } = await import('../../daemon/libfuse-limits.js');
  const allowed = transport === 'libfuse' ? withinLibfuse(config) : config;
  return { ...config, plan: await planForMount(argv.plan, allowed) };
}

/** What a mount needs of the machine, told before anything is started. */
async function refuseIncapable(): Promise<void> {
  const { checkRequirements, isMissing } = await import('../../kernel/requirements/requirement.js');
  const { requirements } = await import('../../kernel/requirements/all.js');
  const rows = await checkRequirements(requirements.filter(({ neededFor }) => neededFor.includes('mount')));
  const missing = rows.find(isMissing);
  if (missing !== undefined)
    throw new UsageError(missing.requirement, missing.found, missing.remedy ?? 'is required');
}
