/**
 * `stuckfs doctor`: what this machine can do, and how to mend what it cannot.  It changes nothing.
 */
import type { Need, RequirementRow } from '../../kernel/requirements/requirement.js';
import { defineCommand } from '../command.js';
import { formatTable } from '../table.js';

const mainJob = 'stuckfs run writeback-held --trigger compact --on host';
/** Without the rest it can run, less one scenario or some tests. */
const ofMainJob: ReadonlySet<Need> = new Set(['mount', 'compact']);
/** The machine cannot: the same as a skipped test (kselftest). */
const cannot = 4;

const needs: Readonly<Record<Need, string>> = {
  mount: 'mount',
  compact: 'compact',
  untrusted: 'untrusted-mount',
  'xfs-image': 'dirty-large-folio and min-order-folio',
  nfs: 'nfs-cable-trip',
  hugetlb: 'hugetlb-unsplittable',
  tests: 'tests',
  libfuse: '--transport libfuse',
};

export const doctorCommand = defineCommand({
  usage: 'doctor',
  describe: 'what this machine can do, and what would mend the rest; changes nothing',
  examples: [
    ['doctor', `exit 0 when "${mainJob}" can run here, else 4`],
    ['doctor --json', 'the same as data'],
  ],
  options: (yargs) => yargs,
  run: async (argv, context) => {
    const { checkRequirements, isMissing } = await import('../../kernel/requirements/requirement.js');
    const { requirements } = await import('../../kernel/requirements/all.js');
    const rows = await checkRequirements(requirements);
    const blocking = rows.filter(
      (row) => isMissing(row) && row.neededFor.some((need) => ofMainJob.has(need)),
    );
    if (argv.json) context.printJson({ mainJob, canRun: blocking.length === 0, requirements: rows });
    else context.print(formatDoctor(rows, blocking));
    if (blocking.length > 0) context.setExitStatus(cannot);
  },
});

function formatDoctor(rows: readonly RequirementRow[], blocking: readonly RequirementRow[]): string {
  const table = formatTable(
    [{ title: 'requirement' }, { title: 'state' }, { title: 'found' }, { title: 'needed for' }],
    rows.map((row) => [
      row.requirement,
      row.state,
      row.found,
      `${row.neededFor.map((need) => needs[need]).join(', ')}${row.optional ? ' (optional)' : ''}`,
    ]),
  );
  const remedies = groupByRemedy(rows);
  const mend =
    remedies.length === 0
      ? ''
      : `\n${formatTable([{ title: 'requirement' }, { title: 'remedy' }], remedies)}`;
  const names = blocking.map(({ requirement }) => requirement).join(', ');
  const verdict =
    blocking.length === 0
      ? `can run here: ${mainJob}`
      : `cannot run here: ${mainJob}; missing: ${names}\n--on vm instead boots a kernel in a VM, which needs no root`;
  return `${table}${mend}\n${verdict}\n`;
}

/** One line for requirements that the same thing mends. */
function groupByRemedy(rows: readonly RequirementRow[]): [string, string][] {
  const byRemedy = new Map<string, string[]>();
  for (const { requirement, remedy } of rows) {
    if (remedy === undefined) continue;
    byRemedy.set(remedy, [...(byRemedy.get(remedy) ?? []), requirement]);
  }
  return [...byRemedy].map(([remedy, [first = '', ...more]]) => [
    more.length === 0 ? first : `${first} and ${more.length} more`,
    remedy,
  ]);
}
