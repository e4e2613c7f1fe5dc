/**
 * The suites that scripts/test.mjs can run, and how one job of a suite is run and judged.
 * A job ends as passed, failed and skipped tests; a job that tells nothing, or does not come to its end, has
 * failed.  Nothing here prints.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runGroup } from './process-group.mjs';

/**
 * `kernel` goes one file at a time: the files share the kernel, its counters and its compaction.  So does `vm`, whose
 * guests want the whole machine; it needs no root, and the mirror of the machine's apt.
 */
export const suites = {
  check: { deadlineMs: 120_000, atOnce: 1, jobs: checkJobs },
  unit: { deadlineMs: 120_000, atOnce: availableParallelism(), jobs: fileJobs },
  kernel: { deadlineMs: 600_000, atOnce: 1, jobs: fileJobs },
  // A download, and guests whose CPUs are emulated.
  vm: { deadlineMs: 420_000, atOnce: 1, jobs: fileJobs },
};

/**
 * @typedef {{ name: string, argv: string[], reportFile?: string }} Job
 * @typedef {{ name: string, durationMs: number, outcome: 'passed' | 'failed' | 'skipped', error?: string,
 *   reason?: string }} TestResult
 * @typedef {{ name: string, durationMs: number, tests: TestResult[], output: string, stuck: boolean }} JobResult
 */

/** What `npm run check` runs after the build; each command counts as one test. */
function checkJobs(_suite, root) {
  const bin = (name) => join(root, 'node_modules', '.bin', name);
  return [
    { name: 'check/lint', argv: [bin('biome'), 'check', '.'] },
    { name: 'check/rooms', argv: [bin('depcruise'), '--config', '.dependency-cruiser.cjs', 'src'] },
    { name: 'check/dead', argv: [bin('knip'), '--no-progress'] },
  ];
}

/** Compiled test files.  One without a source is a leftover of an earlier build and is not run. */
function fileJobs(suite, root, scratch) {
  const dir = join(root, 'dist', 'test', suite);
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true })
    .filter((path) => path.endsWith('.test.js'))
    .filter((path) => existsSync(join(root, 'test', suite, path.replace(/\.js$/, '.ts'))))
    .sort()
    .map((path) => {
      const reportFile = join(scratch, `${suite}-${path.replaceAll('/', '-')}.jsonl`);
      const reporter = fileURLToPath(new URL('test-reporter.mjs', import.meta.url));
      const argv = [
        process.execPath,
        '--enable-source-maps',
        `--test-reporter=${reporter}`,
        `--test-reporter-destination=${reportFile}`,
        relative(root, join(dir, path)),
      ];
      return { name: join(suite, path), argv, reportFile };
    });
}

/**
 * @param {Job} job
 * @param {{ root: string, scratch: string, deadlineMs: number }} options
 * @returns {Promise<JobResult>}
 */
export async function runJob(job, { root, scratch, deadlineMs }) {
  const logFile = join(scratch, `${job.name.replaceAll('/', '-')}.log`);
  // Inherited from a `node --test` above, it would make the file report to that parent and not to us.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const started = performance.now();
  const end = await runGroup(job.argv, { cwd: root, env, deadlineMs, logFile });
  const durationMs = performance.now() - started;
  const { tests, complete } = job.reportFile ? readReport(job.reportFile) : { tests: [], complete: true };
  const failed = tests.some((test) => test.outcome === 'failed');
  const blame = (error) => tests.push({ name: job.name, durationMs, outcome: 'failed', error });

  const status = end.signal ? `was ended by ${end.signal}` : `exited with ${end.status}`;
  if (end.timedOut) blame(`not at its end after ${deadlineMs / 1000} s; killed. Ran: ${end.left.join('; ')}`);
  else if (!complete && tests.length > 0) blame(`${status} before its tests came to their end`);
  else if (!complete) blame(`${status} before its tests came to their end, or without any`);
  else if (end.status !== 0 && !failed) blame(status);
  else if (job.reportFile && tests.length === 0) blame('ran no test');
  else if (!job.reportFile && !failed) tests.push({ name: job.name, durationMs, outcome: 'passed' });
  if (!end.timedOut && end.left.length > 0) blame(`left processes behind; killed: ${end.left.join('; ')}`);
  if (end.stuck.length > 0) blame(`SIGKILL did not end: ${end.stuck.join('; ')}`);

  return {
    name: job.name,
    durationMs,
    tests,
    output: readFileSync(logFile, 'utf8'),
    stuck: end.stuck.length > 0,
  };
}

/** The reporter's lines; a last line cut by SIGKILL is left out. */
function readReport(file) {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const records = lines.map((line) => JSON.parse(line));
  return { tests: records.filter((record) => record.end !== true), complete: records.at(-1)?.end === true };
}
