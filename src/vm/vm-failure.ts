/**
 * Why a guest cannot be made ready: the machine lacks a program or room, or a mirror does not answer.  Wrong words
 * are UsageErrors; what happens once a guest boots is told elsewhere.  None of it says anything of a kernel: exit status
 * 4, this machine cannot, and never the 1 of an expectation that failed.
 */
import { StuckfsError } from '../base/errors.js';

/** A program that is not on this machine, and the package that brings it. */
export class MissingToolError extends StuckfsError {
  override readonly code = 'MISSING_TOOL';
  override readonly exitStatus = 4;

  constructor(
    readonly tool: string,
    readonly debianPackage: string,
    readonly neededFor: string,
  ) {
    super(`${tool} is not on this machine (package ${debianPackage}): it is needed to ${neededFor}`);
  }
}

export class NoSpaceError extends StuckfsError {
  override readonly code = 'NO_SPACE';
  override readonly exitStatus = 4;

  /** @param need in words, where it is known */
  constructor(
    readonly path: string,
    need: string | undefined,
    {
      cause,
      remedy = 'set STUCKFS_CACHE to another place',
    }: { readonly cause?: unknown; readonly remedy?: string } = {},
  ) {
    const needed = need === undefined ? '' : `: ${need}`;
    super(`no space left for ${path}${needed}; make room, or ${remedy}`, { cause });
  }
}

/** What helps where it is not the cache that is full. */
export const elsewhere = 'name a place on another disk with --out';

/** Of this machine, whatever was being done: no fault of a guest or a mirror. */
export function isFullDisk(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** A program that did not do its work; `said` is the end of what it printed. */
export class ToolFailedError extends StuckfsError {
  override readonly code = 'TOOL_FAILED';
  override readonly exitStatus = 4;

  constructor(
    readonly tool: string,
    readonly said: string,
  ) {
    super(`${tool} failed: ${said}`);
  }
}

/** A mirror that did not answer, or not to the end. */
export class MirrorError extends StuckfsError {
  override readonly code = 'MIRROR';
  override readonly exitStatus = 4;
}
