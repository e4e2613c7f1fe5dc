/**
 * Runs the built command line as a user does: a process, its streams and its exit status.
 * A state directory of its own keeps it away from the daemons of this machine.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const deadlineMs = 30_000;

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** What is run in front of the program's name: another user, say. */
  readonly prefix?: readonly string[];
  readonly cwd?: string;
}

export async function runCli(words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const [command = '', ...rest] = [...(options.prefix ?? []), process.execPath, program, ...words];
  const child = spawn(command, rest, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: {
      PATH: process.env['PATH'] ?? '',
      LANG: 'de_DE.UTF-8',
      STUCKFS_STATE_DIR: '/nonexistent/stuckfs-test',
      ...options.environment,
    },
    stdio: 'pipe',
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
  const streams = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      streams[name] += text;
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, ...streams };
}

/** A failure as users see it: this exit status, one line on standard error that holds each of the texts. */
export function assertOneLineError(result: CliResult, status: number, texts: readonly string[]): void {
  assert.equal(result.status, status, result.stderr);
  assert.equal(result.stdout, '');
  assert.match(result.stderr, /^stuckfs: [^\n]+\n$/);
  for (const text of texts) assert.ok(result.stderr.includes(text), `no ${text} in ${result.stderr}`);
}

export function freshDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-cli-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
