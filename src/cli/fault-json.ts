/**
 * A fault as JSON, from the command line or from standard input.
 */
import { UsageError } from '../base/errors.js';
import type { FaultInput } from '../control/contract/faults.js';
import { checkFault } from '../fault/check-fault.js';
import { readStandardInput } from './standard-input.js';

const option = '--json-spec';
const maxStdinBytes = 1024 * 1024;

/** @param text JSON, or - for standard input */
export async function faultFromJson(text: string): Promise<FaultInput> {
  const json = text === '-' ? await readStandardInput(option, maxStdinBytes) : text;
  let input: unknown;
  try {
    input = JSON.parse(json);
  } catch (cause) {
    throw new UsageError(
      option,
      json,
      `is not JSON (${(cause as Error).message}); see stuckfs fault add --help`,
    );
  }
  return checkFault(input);
}
