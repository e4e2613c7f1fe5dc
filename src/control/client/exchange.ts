/**
 * One HTTP exchange over a unix socket: bytes there, status and bytes back, or a ControlError that says what
 * a user can do about it.  Every exchange has a connection of its own, so that none is left half-used.
 */
import { request as httpRequest } from 'node:http';
import { ControlError } from '../contract/errors.js';
import { connectionError } from './connection-error.js';

const answerLimitBytes = 64 * 1024 * 1024;

export interface ExchangeRequest {
  readonly socketPath: string;
  readonly method: string;
  /** Path and query, escaped. */
  readonly target: string;
  /** Sent as JSON; undefined sends no body. */
  readonly body: unknown;
  /** For the whole exchange. */
  readonly timeoutMs: number;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly text: string;
}

/** Throws ControlError: NO_DAEMON, ACCESS_DENIED, TIMEOUT or BAD_ANSWER. */
export function exchange(order: ExchangeRequest): Promise<ExchangeAnswer> {
  const { socketPath, method, target, body, timeoutMs } = order;
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      socketPath,
      method,
      path: target,
      agent: false,
      headers:
        text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
    });
    const deadline = setTimeout(() => {
      fail(
        new ControlError('TIMEOUT', `${socketPath}: no answer to ${method} ${target} within ${timeoutMs} ms`),
      );
    }, timeoutMs);
    const fail = (error: ControlError) => {
      clearTimeout(deadline);
      reject(error);
      request.destroy();
    };
    request.on('error', (cause) => fail(connectionError(socketPath, cause)));
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let total = 0;
      response.on('data', (chunk: Buffer) => {
        total += chunk.length;
        if (total > answerLimitBytes) {
          fail(
            new ControlError('BAD_ANSWER', `${socketPath}: the answer is above ${answerLimitBytes} bytes`),
          );
        } else chunks.push(chunk);
      });
      response.on('error', (cause) => fail(connectionError(socketPath, cause)));
      response.on('end', () => {
        clearTimeout(deadline);
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks, total).toString('utf8') });
      });
    });
    request.end(text);
  });
}
