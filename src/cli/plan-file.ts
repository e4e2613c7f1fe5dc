/**
 * A fault plan from a file, or from standard input.  The file is not trusted: one that lies on a mount of ours is
 * never touched, as that would hang, and neither a pipe nor a device is opened for long.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoName } from '../base/errno.js';
import { UsageError } from '../base/errors.js';
import type { DaemonConfig } from '../daemon/config.js';
import { complaintAboutPlan } from '../daemon/plan-guard.js';
import { errnoOf } from '../kernel/kernel-file.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { resolveOutsideMounts } from '../kernel/path-resolution.js';
import { maxPlanBytes, type ParsedPlan, parsePlan } from '../plan/parse-plan.js';
import type { Plan } from '../plan/plan.js';
import { isOurMount } from '../safety/stuck-mounts.js';
import { readStandardInput } from './standard-input.js';

/** The configuration of a daemon is one argument of a process, MAX_ARG_STRLEN (128 KiB) at the most. */
const maxArgumentBytes = 96 * 1024;

/** @param path as the user gave it, or - for standard input */
export async function readPlan(field: string, path: string): Promise<ParsedPlan> {
  if (path === '-') return parsePlan(await readStandardInput(field, maxPlanBytes), 'standard input');
  const bytes = await readSmallFile(field, path);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError(field, path, 'is not text in UTF-8; give a plan in YAML or JSON', { cause });
  }
  return parsePlan(text, path);
}

/** A plan that is to start with a mount: also held against what that mount allows. */
export async function planForMount(
  path: string,
  config: Pick<DaemonConfig, 'maxHoldMs' | 'maxPages' | 'splice' | 'transport'>,
): Promise<Plan> {
  const field = '--plan';
  const { plan, place } = await readPlan(field, path);
  const complaint = complaintAboutPlan(plan, config);
  if (complaint !== undefined) throw new UsageError(place(complaint.path), complaint.value, complaint.remedy);
  const bytes = Buffer.byteLength(JSON.stringify(plan));
  if (bytes > maxArgumentBytes) {
    const remedy = `has ${bytes} bytes as JSON, and a mount takes ${maxArgumentBytes}; mount without it and use stuckfs plan run`;
    throw new UsageError(field, path, remedy);
  }
  return plan;
}

async function readSmallFile(field: string, given: string): Promise<Buffer> {
  const found = resolveOutsideMounts(given, readMountinfo(), isOurMount);
  if (found.kind === 'forbidden') {
    const where = found.mount.mountPoint;
    throw new UsageError(field, given, `lies on the stuckfs mount ${where}; give a file outside of it`);
  }
  if (found.kind === 'failed') throw unreadable(field, given, found.errno);
  try {
    // Without O_NONBLOCK the opening of a pipe waits for somebody to write.
    const file = await open(found.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      if (!(await file.stat()).isFile())
        throw new UsageError(field, given, 'is not a file; give a plan in YAML or JSON');
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxPlanBytes + 1), 0, maxPlanBytes + 1, 0);
      if (bytesRead > maxPlanBytes)
        throw new UsageError(field, given, `is larger than ${maxPlanBytes} bytes; a plan is shorter`);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw unreadable(field, given, errno);
  }
}

function unreadable(field: string, given: string, errno: number): UsageError {
  return new UsageError(field, given, `cannot be read (${errnoName(errno)}); give a plan in YAML or JSON`);
}
