/**
 * Reading a text file that the kernel offers, and the one error for what can go wrong with it.
 * Owns the root injection (tests pass a directory in place of /), the way an errno is kept, and the checked
 * reading of numbers.  It knows no format: each kernel file has a source file of its own name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName } from '../base/errno.js';
import { StuckfsError } from '../base/errors.js';

/** Closed: a file could not be read (missing, refused, gone with its process), or was not as expected. */
export type KernelFileErrorCode = 'KERNEL_FILE_UNREADABLE' | 'KERNEL_FILE_MALFORMED';

interface KernelFileProblem {
  readonly code: KernelFileErrorCode;
  /** The path as the kernel names it, without an injected root. */
  readonly file: string;
  /** What should have been there. */
  readonly expected: string;
  /** Counted from 1. */
  readonly line?: number | undefined;
  readonly found?: string | undefined;
  /** Positive Linux errno where a system call failed. */
  readonly errno?: number | undefined;
  readonly cause?: unknown;
}

export class KernelFileError extends StuckfsError {
  override readonly code: KernelFileErrorCode;
  readonly file: string;
  readonly expected: string;
  readonly line: number | undefined;
  readonly errno: number | undefined;

  constructor(problem: KernelFileProblem) {
    const at = problem.line === undefined ? '' : `:${problem.line}`;
    const why = problem.errno === undefined ? '' : ` (${errnoName(problem.errno)})`;
    const found = problem.found === undefined ? '' : `, found ${JSON.stringify(problem.found.slice(0, 200))}`;
    super(`${problem.file}${at}: expected ${problem.expected}${found}${why}`, { cause: problem.cause });
    this.code = problem.code;
    this.file = problem.file;
    this.expected = problem.expected;
    this.line = problem.line;
    this.errno = problem.errno;
  }
}

/** The positive errno of what a Node system call threw; undefined where it was no system call that failed. */
export function errnoOf(error: unknown): number | undefined {
  if (error instanceof KernelFileError) return error.errno;
  // zlib's errors have an errno too, which is zlib's and no system call's.
  if (!(error instanceof Error) || !('syscall' in error) || !('errno' in error)) return undefined;
  return typeof error.errno === 'number' ? Math.abs(error.errno) : undefined;
}

/** Wraps what a system call on `file` threw. */
export function unreadable(file: string, expected: string, cause: unknown): KernelFileError {
  return new KernelFileError({
    code: 'KERNEL_FILE_UNREADABLE',
    file,
    expected,
    errno: errnoOf(cause),
    cause,
  });
}

/** A parser's complaint; `line` is counted from 1. */
export function malformed(file: string, line: number | undefined, expected: string, found?: string) {
  return new KernelFileError({ code: 'KERNEL_FILE_MALFORMED', file, line, expected, found });
}

/** Where `file` (absolute, as the kernel names it) lies under an injected root. */
export function underRoot(root: string, file: string): string {
  return join(root, file);
}

/**
 * The whole text of a kernel file.
 * @param file absolute, as the kernel names it
 * @param root the directory that stands for /; `/` outside of tests
 */
export function readKernelFile(file: string, root = '/'): string {
  try {
    return readFileSync(underRoot(root, file), 'utf8');
  } catch (error) {
    throw unreadable(file, 'a readable file', error);
  }
}

/** As readKernelFile, but undefined where the kernel has no such file. */
export function readKernelFileIfPresent(file: string, root = '/'): string | undefined {
  try {
    return readKernelFile(file, root);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The names in a directory of the kernel's. */
export function listKernelDirectory(directory: string, root = '/'): string[] {
  try {
    return readdirSync(underRoot(root, directory));
  } catch (error) {
    throw unreadable(directory, 'a readable directory', error);
  }
}

const ENOENT = 2;
const ESRCH = 3;
const ENOTDIR = 20;

/** Whether the file is not there, or went away with its process while it was being read. */
export function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === ENOENT || errno === ESRCH || errno === ENOTDIR;
}

/** The lines of a text, without the empty one after the last newline. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** A decimal count that fits a safe integer; anything else is malformed. */
export function parseCount(digits: string | undefined, file: string, line: number, what: string): number {
  if (digits !== undefined && /^\d+$/.test(digits)) {
    const value = Number(digits);
    if (Number.isSafeInteger(value)) return value;
  }
  throw malformed(file, line, `${what} (a whole number up to 2^53)`, digits ?? '');
}

/** As parseCount, but a minus sign is allowed. */
export function parseInteger(digits: string | undefined, file: string, line: number, what: string): number {
  if (digits?.startsWith('-')) return -parseCount(digits.slice(1), file, line, what);
  return parseCount(digits, file, line, what);
}
