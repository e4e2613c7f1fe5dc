/** Standard input as a whole, up to a limit. */
import { UsageError } from '../base/errors.js';

/** @param field the option or positional that stands for it */
export async function readStandardInput(field: string, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new UsageError(field, '-', `standard input has more than ${maxBytes} bytes; give less`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
