/** Runs a program that may touch a mount: with a deadline after which the test fails, whether it can be killed or not. */
import { spawn } from 'node:child_process';

export interface ProgramResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly deadlineMs?: number;
}

export function runProgram(
  program: string,
  words: readonly string[],
  { cwd, environment = process.env, deadlineMs = 20_000 }: ProgramOptions = {},
): Promise<ProgramResult> {
  const child = spawn(program, words, {
    ...(cwd === undefined ? {} : { cwd }),
    env: environment,
    // A group of its own, so that what it starts ends with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const streams = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      streams[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      reject(
        new Error(`${program} ${words.join(' ')} did not end within ${deadlineMs} ms: ${streams.stderr}`),
      );
    }, deadlineMs);
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve({ status, ...streams });
    });
  });
}
