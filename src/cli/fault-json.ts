/**
 * A fault as JSON, from the command line or from standard input.
 */
import { UsageError } from '../base/errors.js';
import type { FaultInput } from '../control/contract/faults.js';
import { checkFault } from '../fault/check-fault.js';

const option = '--json-spec';
const maxStdinBytes = 1024 * 1024;

/** @param text JSON, or - for standard input */
export async function faultFromJson(text: string): Promise<FaultInput> {
  const json = text === '-' ? await readStandardInput() : text;
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

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxStdinBytes) {
      throw new UsageError(
        option,
        '-',
        `standard input has more than ${maxStdinBytes} bytes; a fault is shorter`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
