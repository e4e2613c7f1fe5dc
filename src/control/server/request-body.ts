/**
 * Reads the JSON body of a request within the limit.
 * A body that is too long is read to its end and thrown away, within reason, before it is refused: a client
 * that is still writing when the socket closes sees EPIPE or ECONNRESET instead of the answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ControlError } from '../contract/errors.js';
import { bodyLimitBytes } from '../contract/routes.js';

const discardLimitBytes = 16 * bodyLimitBytes;

/** The parsed body, or undefined when it is empty. Throws ControlError. */
export async function readJsonBody(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (request.headers.expect !== undefined) {
    // The client waits for leave to send, so nothing has to be thrown away.
    if (declared > bodyLimitBytes) throw tooLarge();
    response.writeContinue();
  }
  const chunks: Buffer[] = [];
  let total = 0;
  // Leaving the loop must not destroy the socket, or the refusal has no way back.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total <= bodyLimitBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (total > discardLimitBytes) break;
  }
  if (total > bodyLimitBytes) throw tooLarge();
  if (total === 0) return undefined;
  checkMediaType(request);
  return parse(Buffer.concat(chunks, total));
}

function tooLarge(): ControlError {
  return new ControlError('PAYLOAD_TOO_LARGE', `a body may have at most ${bodyLimitBytes} bytes`);
}

function checkMediaType({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ControlError('UNSUPPORTED_MEDIA_TYPE', 'content-encoding: send the body as it is', {
      field: 'content-encoding',
      value: encoding,
    });
  }
  const given = headers['content-type'] ?? '';
  if (!/^application\/json(\s*;\s*charset="?utf-8"?)?\s*$/i.test(given)) {
    throw new ControlError(
      'UNSUPPORTED_MEDIA_TYPE',
      'content-type: must be application/json (curl --json sets it)',
      { field: 'content-type', value: given },
    );
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : 'not UTF-8';
    throw new ControlError('BAD_REQUEST', `the body is not JSON: ${why}`, { field: 'body', cause });
  }
}
