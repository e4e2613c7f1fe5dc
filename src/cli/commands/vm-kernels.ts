/** `stuckfs vm kernels`: which kernels `--kernel` can be given, and which are cached. */
import { defineCommand } from '../command.js';
import { formatTable } from '../table.js';

const mebibyte = 2 ** 20;

export const vmKernelsCommand = defineCommand(
  {
    usage: 'kernels',
    describe: 'the kernels that can be had from Debian, and those in the cache; needs no root',
    examples: [
      ['vm kernels', 'the newest of each series and suite'],
      ['vm kernels --every', 'older ones, too'],
      ['vm kernels --cached', 'only what is in the cache; asks nobody'],
    ],
    options: (yargs) =>
      yargs
        .option('every', {
          type: 'boolean',
          default: false,
          describe: 'also those of which the suite has a newer one of the same series',
        })
        .option('cached', { type: 'boolean', default: false, describe: 'only those in the cache' })
        .epilogue(
          'The mirror is that of this machine (/etc/apt), or STUCKFS_DEBIAN_MIRROR. The cache is STUCKFS_CACHE, else ' +
            '$XDG_CACHE_HOME/stuckfs, else ~/.cache/stuckfs. A suite is asked again after 6 hours.',
        ),
    async run(argv, context) {
      const { cacheDirectory } = await import('../../vm/cache.js');
      const { listCached, listKernels } = await import('../../vm/kernels/inventory.js');
      const { environment } = context;
      const cache = cacheDirectory(environment);
      // What it has started ends with it.
      const stop = new AbortController();
      for (const [signal, status] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ] as const) {
        process.once(signal, () => {
          stop.abort();
          process.exit(status);
        });
      }
      const progress = (line: string) => process.stderr.write(`${line}\n`);
      const inventory = argv.cached
        ? { available: [], cached: listCached(cache), problems: [] }
        : await listKernels({ cache, environment, progress, signal: stop.signal });
      const available = inventory.available.filter(({ newestOfSuite }) => argv.every || newestOfSuite);
      for (const problem of inventory.problems) process.stderr.write(`stuckfs: ${problem}\n`);
      // Nothing to show, and a reason for it.
      if (inventory.problems.length > 0 && available.length + inventory.cached.length === 0)
        context.setExitStatus(4);
      if (argv.json) return context.printJson({ cache, ...inventory, available });
      if (!argv.cached) {
        context.print(
          formatTable(
            [
              { title: 'kernel' },
              { title: 'suite' },
              { title: 'version' },
              { title: 'packages' },
              { title: 'download', align: 'right' },
              { title: 'cached' },
            ],
            available.map(
              ({ name, series, suite, version, packages, downloadBytes, chosenForSeries, cached }) => [
                chosenForSeries ? `debian:${series}` : name,
                suite,
                version,
                packages.map((one) => one.name).join(' '),
                mib(downloadBytes),
                cached ? 'yes' : '-',
              ],
            ),
          ),
        );
        context.print('\n');
      }
      context.print(
        formatTable(
          [
            { title: `cached in ${cache}` },
            { title: 'version' },
            { title: 'from' },
            { title: 'size', align: 'right' },
          ],
          inventory.cached.map(({ release, version, source, sizeBytes }) => [
            release,
            version,
            source.kind === 'debian' ? source.suite : source.file,
            mib(sizeBytes),
          ]),
        ),
      );
    },
  },
  ['vm'],
);

function mib(bytes: number): string {
  return `${Math.ceil(bytes / mebibyte)} MiB`;
}
