/**
 * The control server of a daemon: HTTP over a unix socket, made from the routes table.
 * It protects the daemon from its clients (limits, deadlines, checks) and holds no state of the daemon.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../../base/log.js';
import { ControlError } from '../contract/errors.js';
import type { CallName } from '../contract/routes.js';
import { type Answer, errorAnswer, writeAnswer } from './answer.js';
import type { DaemonApi } from './api.js';
import { EventStreams } from './event-streams.js';
import { handlers } from './handlers.js';
import { readJsonBody } from './request-body.js';
import { allowedMethods, findRoute, parseTarget } from './router.js';
import { listenOnSocket } from './socket.js';
import { validate } from './validate.js';

export interface ControlServerOptions {
  /** At most 107 bytes; a dead socket at this path is replaced. */
  readonly socketPath: string;
  readonly api: DaemonApi;
  readonly log: Logger;
  /** How long a client may take for its request, and how long its connection may be silent. */
  readonly requestTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  /** Between two signs of life to who listens for events. */
  readonly keepAliveMs?: number;
}

export interface ControlServer {
  readonly socketPath: string;
  /** Lets running answers out for up to a second, closes every connection and removes the socket. */
  close(): Promise<void>;
}

const defaultRequestTimeoutMs = 10_000;
/** Longer than any answer takes: releasing tens of thousands of requests, or an unmount. */
const defaultIdleTimeoutMs = 120_000;
const closeGraceMs = 1000;
const maxConnections = 256;

/** Listens; throws UsageError (field `--socket`) when the path cannot be had. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { socketPath, api, log } = options;
  const requestTimeoutMs = options.requestTimeoutMs ?? defaultRequestTimeoutMs;
  const server = createServer({
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.max(50, requestTimeoutMs / 10),
    keepAliveTimeout: 5000,
    maxHeaderSize: 16 * 1024,
    requireHostHeader: false,
  });
  server.maxConnections = maxConnections;
  server.timeout = options.idleTimeoutMs ?? defaultIdleTimeoutMs;
  const streams = new EventStreams({ log, keepAliveMs: options.keepAliveMs });
  let closing: Promise<void> | undefined;

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    // A client that goes away is its own affair, not an uncaught exception of the daemon.
    request.on('error', (error) => log.debug({ err: error }, 'a control client went away'));
    response.on('error', (error) => log.debug({ err: error }, 'a control client went away'));
    let answer: Answer | 'streaming';
    try {
      answer = await answerTo(request, response, api, streams);
      if (answer === 'streaming') return;
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      answer = withAllow(errorAnswer(error, log), error, request);
    }
    try {
      // What is left of an unread body would be taken for the next request.
      if (closing !== undefined || !request.complete) response.setHeader('connection', 'close');
      writeAnswer(response, answer);
    } catch (error) {
      log.error({ err: error }, 'a control answer could not be written');
      response.destroy();
    }
  };
  server.on('request', serve);
  // With a listener the handler decides whether the body is wanted; without, Node always asks for it.
  server.on('checkContinue', serve);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket as Socket, log));

  await listenOnSocket(server, socketPath);
  server.on('error', (error) => log.error({ err: error }, 'the control socket failed'));
  log.debug({ socketPath }, 'control socket ready');

  const close = () =>
    new Promise<void>((resolve) => {
      streams.close();
      const grace = setTimeout(() => server.closeAllConnections(), closeGraceMs);
      server.close(() => {
        clearTimeout(grace);
        resolve();
      });
      server.closeIdleConnections();
    });
  return {
    socketPath,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

async function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  api: DaemonApi,
  streams: EventStreams,
): Promise<Answer | 'streaming'> {
  const target = request.url ?? '';
  const method = request.method ?? '';
  if (method === 'OPTIONS') return optionsAnswer(target);
  const { segments, query } = parseTarget(target);
  const match = findRoute(method, segments);
  const { route } = match;
  const given = await readJsonBody(request, response);
  if (route.body === null && given !== undefined) {
    throw new ControlError('VALIDATION', 'body: this request takes none', { field: 'body', value: given });
  }
  const checked = {
    params: validate(route.params, match.params),
    query: validate(route.query, query),
    body: route.body === null ? null : validate(route.body, given === undefined ? {} : given),
  };
  const { name } = match;
  if (name === 'events') {
    if (method === 'HEAD') return { status: 200, mediaType: route.mediaType, text: '', headers: {} };
    await streams.open(response, api);
    return 'streaming';
  }
  const result = await call(name, api, checked);
  return {
    status: route.status,
    mediaType: route.mediaType,
    text: typeof result === 'string' ? result : `${JSON.stringify(result)}\n`,
    headers: {},
  };
}

function call(name: CallName, api: DaemonApi, request: unknown): Promise<unknown> {
  // The schemas of this very route have just checked the request; the link from name to type is the table.
  const handler = handlers[name] as (api: DaemonApi, request: unknown) => Promise<unknown>;
  return handler(api, request);
}

function optionsAnswer(target: string): Answer {
  const allow = target === '*' ? ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST'] : allowedOf(target);
  if (allow.length === 0) findRoute('OPTIONS', parseTarget(target).segments);
  return { status: 204, mediaType: 'application/json', text: '', headers: { allow: allow.join(', ') } };
}

function allowedOf(target: string): string[] {
  return allowedMethods(parseTarget(target).segments);
}

function withAllow(answer: Answer, error: unknown, request: IncomingMessage): Answer {
  if (!(error instanceof ControlError) || error.code !== 'METHOD_NOT_ALLOWED') return answer;
  return { ...answer, headers: { allow: allowedOf(request.url ?? '').join(', ') } };
}

/** A request that Node could not even parse, or that took too long, has no response object yet. */
function refuse(error: NodeJS.ErrnoException, socket: Socket, log: Logger): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, text } = errorAnswer(clientError(error), log);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}

function clientError(cause: NodeJS.ErrnoException): ControlError {
  switch (cause.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ControlError('REQUEST_TIMEOUT', 'the request did not arrive in time', { cause });
    case 'HPE_HEADER_OVERFLOW':
      return new ControlError('HEADERS_TOO_LARGE', 'the headers may have at most 16384 bytes', { cause });
    default:
      return new ControlError('BAD_REQUEST', `not HTTP: ${cause.message}`, { cause });
  }
}
