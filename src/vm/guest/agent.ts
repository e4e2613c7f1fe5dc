/**
 * What the guest's agent does, apart from where its ports are: runs the job, passes on what it writes, line by line,
 * says every second that the guest is alive, sends the run directory, and then how the job ended.  It runs in the guest
 * only; Node starts slowly there, so it imports nothing but Node's own.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestJob, type GuestLine, guestOut, heartbeatMs, overdueStatus } from '../protocol.js';

/** For whoever still holds the job's output once the job has ended: a child of it that hangs. */
const OUTPUT_MS = 2000;
/**
 * Words with which a job looks for XFS in /proc/filesystems, where only a loaded module is. It is the one large module:
 * checking its signature takes an emulated CPU seconds, so it is not loaded for others. What else scenarios need the
 * kernel loads when it is asked for.
 */
const wordsThatWantXfs: ReadonlySet<string> = new Set(['dirty-large-folio', 'min-order-folio', 'doctor']);
/** A tar archive ends with two of them. */
const tarBlock = Buffer.alloc(512);

export interface Ports {
  /** Descriptors. */
  readonly log: number;
  readonly result: number;
}

export interface AgentPlan {
  readonly job: GuestJob;
  readonly ports: Ports;
  /** Program and first words of `stuckfs`. */
  readonly stuckfs: readonly string[];
  readonly runDirectory?: string;
}

/** With scenarios named, `--all` is all of those only. */
export function wantsXfs(words: readonly string[]): boolean {
  return (
    words.some((word) => wordsThatWantXfs.has(word)) ||
    (words.includes('--all') && !words.includes('--scenario'))
  );
}

/** Returns when the exit line is written. */
export async function serveJob(plan: AgentPlan): Promise<void> {
  const { ports, runDirectory = guestOut } = plan;
  const say = (line: LineWithoutTime) => sayTo(ports.log, line);
  say({});
  const heartbeat = setInterval(() => say({}), heartbeatMs);
  try {
    if (wantsXfs(plan.job.words)) await load('xfs');
    const exit = await runJob(plan, say);
    await sendDirectory(exit === overdueStatus ? stillCopy(runDirectory) : runDirectory, ports.result);
    say({ exit });
  } finally {
    clearInterval(heartbeat);
  }
}

type LineWithoutTime = GuestLine extends infer Line
  ? Line extends unknown
    ? Omit<Line, 't'>
    : never
  : never;

/** A guest is never suspended: CLOCK_MONOTONIC, which Node reads, is its boot clock. */
function sayTo(fd: number, line: LineWithoutTime): void {
  writeWhole(fd, Buffer.from(`${JSON.stringify({ t: Number(process.hrtime.bigint()), ...line })}\n`));
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** The exit status; 128 and the signal's number, as a shell has it. */
async function runJob({ job, stuckfs }: AgentPlan, say: (line: LineWithoutTime) => void): Promise<number> {
  const [program = '', ...first] = stuckfs;
  const child = spawn(program, [...first, ...job.words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...job.env, STUCKFS_PATIENCE: `${job.patience}` },
  });
  for (const stream of ['stdout', 'stderr'] as const)
    createInterface({ input: child[stream], crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) =>
      say({ stream, line }),
    );
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let overdue: NodeJS.Timeout | undefined;
  const exit = await new Promise<number>((resolve) => {
    if (job.deadlineMs !== undefined)
      overdue = setTimeout(() => {
        say({ stream: 'stderr', line: `the job has not ended in ${job.deadlineMs} ms and is killed` });
        child.kill('SIGKILL');
        // It may not be able to die; what it recorded is there all the same.
        resolve(overdueStatus);
      }, job.deadlineMs);
    child.once('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    child.once('error', (error) => {
      say({ stream: 'stderr', line: `${program} could not be started: ${error.message}` });
      resolve(127);
    });
  });
  clearTimeout(overdue);
  await Promise.race([closed, delay(OUTPUT_MS * job.patience, undefined, { ref: false })]);
  child.stdout.destroy();
  child.stderr.destroy();
  return exit;
}

/** Of a directory to which something may still write: tar refuses a file that changes while it is read. */
function stillCopy(directory: string): string {
  const copy = `${directory}.copy`;
  if (existsSync(directory)) cpSync(directory, copy, { recursive: true });
  return copy;
}

/** Without it the job says what it lacks. */
async function load(module: string): Promise<void> {
  const modprobe = spawn('modprobe', ['-q', module], { stdio: 'ignore' });
  await new Promise<void>((resolve) => {
    modprobe.once('exit', () => resolve());
    modprobe.once('error', () => resolve());
  });
}

/** What is not there is an archive of nothing. */
async function sendDirectory(directory: string, port: number): Promise<void> {
  if (!existsSync(directory)) {
    writeWhole(port, Buffer.concat([tarBlock, tarBlock]));
    return;
  }
  const tar = spawn('tar', ['-c', '-f', '-', '-C', directory, '.'], { stdio: ['ignore', port, 'inherit'] });
  const status = await new Promise<number | null>((resolve, reject) => {
    tar.once('exit', resolve);
    tar.once('error', reject);
  });
  if (status !== 0) throw new Error(`tar of ${directory} ended with ${status}`);
}
