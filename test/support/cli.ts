/** Runs the built command line as a user would: a process of its own, with a deadline. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const cliPath = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface CliResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly result: Promise<CliResult>;
}

/** @param deadlineMs after which it is killed */
export function startCli(
  words: readonly string[],
  deadlineMs = 60_000,
  environment: NodeJS.ProcessEnv = process.env,
  cwd = process.cwd(),
): RunningCli {
  const child = spawn(process.execPath, [cliPath, ...words], {
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => {
    stdout += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  const result = new Promise<CliResult>((resolve) => {
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stdout, stderr });
    });
  });
  return { process: child, result };
}

export function runCli(words: readonly string[], deadlineMs?: number): Promise<CliResult> {
  return startCli(words, deadlineMs).result;
}
