/** Talks to a unix socket without the client: a request as Node sends it, or bytes as they are. */
import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { controlErrors, ErrorBody } from '../../../src/control/contract/errors.js';

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export function send(socketPath: string, { method = 'GET', path, headers = {}, body }: RawRequest) {
  return new Promise<RawAnswer>((resolve, reject) => {
    // For a method that usually has no body Node sends one without telling its length.
    const length: Record<string, string> =
      body === undefined || 'transfer-encoding' in headers
        ? {}
        : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { socketPath, method, path, headers: { ...headers, ...length }, agent: false };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

export function sendJson(socketPath: string, method: string, path: string, body: unknown) {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return send(socketPath, { method, path, body: text, headers: { 'content-type': 'application/json' } });
}

/** Writes the bytes and gives back everything until the server closes. */
export function sendBytes(socketPath: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
  });
}

/** The error of an answer, after checking that its status is the one of its code. */
export function errorOf({ status, text }: Pick<RawAnswer, 'status' | 'text'>): ErrorBody['error'] {
  const { error } = ErrorBody.parse(JSON.parse(text));
  assert.equal(status, controlErrors[error.code].httpStatus);
  return error;
}
