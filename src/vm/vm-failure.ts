/**
 * Why a guest cannot be made ready: the machine lacks a program or room, or a mirror does not answer.  Wrong words
 * are UsageErrors; what happens once a guest boots is told elsewhere.
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

  /** @param need in words, where it is known */
  constructor(
    readonly path: string,
    need: string | undefined,
    options?: { cause?: unknown },
  ) {
    const needed = need === undefined ? '' : `: ${need}`;
    super(`no space left for ${path}${needed}; make room, or set STUCKFS_CACHE to another place`, options);
  }
}

/** A program that did not do its work; `said` is the end of what it printed. */
export class ToolFailedError extends StuckfsError {
  override readonly code = 'TOOL_FAILED';

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
}
