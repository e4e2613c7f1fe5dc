/**
 * Runs a program of the system (apt-get, dpkg-deb, depmod) to its end: no terminal, no input, its words in English,
 * in a process group that ends with the signal.  A full disk is told as such, whichever program met it.
 */
import { spawn } from 'node:child_process';
import { readMountinfo } from '../kernel/mountinfo.js';
import { findProgram } from '../kernel/requirements/programs.js';
import { MissingToolError, NoSpaceError } from './vm-failure.js';

/** depmod and its like are not in the PATH of a user. */
const systemDirectories = '/usr/sbin:/sbin';
const keptChars = 1 << 20;

export interface Tool {
  readonly name: string;
  readonly debianPackage: string;
  readonly neededFor: string;
  /** Where it lies if not in PATH. */
  readonly path?: string;
}

export interface ToolOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** A descriptor that the program inherits, so that the lock on it is kept until the program ends. */
  readonly lock?: number;
  /** What it writes to: told when the disk is full. */
  readonly writesTo?: string;
  /** Takes what is printed, piece by piece, in place of `stdout` and `said`. */
  readonly onOutput?: (text: string) => void;
}

export interface ToolEnd {
  readonly status: number | null;
  readonly stdout: string;
  /** Both streams, as they came. */
  readonly said: string;
}

/** @throws {MissingToolError} */
export function findTool(tool: Tool, environment: NodeJS.ProcessEnv): string {
  const path = `${environment['PATH'] ?? ''}:${systemDirectories}${tool.path === undefined ? '' : `:${tool.path}`}`;
  const found = findProgram(tool.name, path, readMountinfo());
  if (found === undefined) throw new MissingToolError(tool.name, tool.debianPackage, tool.neededFor);
  return found;
}

/** @throws {MissingToolError | NoSpaceError}, and the signal's reason */
export function runTool(tool: Tool, words: readonly string[], options: ToolOptions): Promise<ToolEnd> {
  const { environment, signal, lock, onOutput } = options;
  signal?.throwIfAborted();
  const child = spawn(findTool(tool, environment), words, {
    env: { ...environment, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(lock === undefined ? [] : [lock])],
  });
  let stdout = '';
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (onOutput !== undefined) return onOutput(text);
    stdout += text;
    said = (said + text).slice(-keptChars);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-keptChars);
  });
  const end = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  signal?.addEventListener('abort', end, { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      signal?.removeEventListener('abort', end);
      if (signal?.aborted === true) reject(signal.reason);
      else if (status !== 0 && /No space left on device|don't have enough free space/.test(said))
        reject(
          new NoSpaceError(options.writesTo ?? `what ${tool.name} writes`, `${tool.name} met a full disk`),
        );
      else resolve({ status, stdout, said });
    });
  });
}

/** The lines that say why: those that a program marks as errors, else its last. */
export function reasonOf(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  const marked = lines.filter((line) => /^(?:E:|[\w-]+: (?:error|fatal))/i.test(line));
  const told = marked.length > 0 ? marked : lines.filter((line) => line !== '').slice(-2);
  return [...new Set(told)].slice(0, 3).join(' ') || 'it said nothing';
}
