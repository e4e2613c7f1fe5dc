/**
 * Listens to a daemon: server-sent events over the unix socket, as an async iteration of checked events.
 * One connection for each iteration, closed with it.  Reads no faster than the events are taken, so that a listener
 * that is too slow is dropped by the daemon and told so here, and nothing piles up.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import * as z from 'zod';
import { ControlError } from '../contract/errors.js';
import { type ControlEvent, ControlEventSpec, isEventName, keepAliveMs } from '../contract/events.js';
import { routes } from '../contract/routes.js';
import { connectionError } from './connection-error.js';

/** A daemon says something at least so often. */
const silenceLimitMs = 4 * keepAliveMs;
/** Far above any event; what sends more without an event does not speak this language. */
const eventLimitChars = 16 * 1024 * 1024;

export interface EventsOptions {
  /** Ends the iteration: it throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface StreamOptions extends EventsOptions {
  readonly socketPath: string;
  /** Until the answer begins. */
  readonly timeoutMs: number;
  /** Makes the error of an answer that is a refusal. */
  readonly refusal: (status: number, text: string) => ControlError;
}

/** Ends after the event `ended`; throws ControlError where the stream breaks off before. */
export async function* eventStream(options: StreamOptions): AsyncGenerator<ControlEvent, void, undefined> {
  const { socketPath, signal, refusal } = options;
  signal?.throwIfAborted();
  const response = await open(options);
  try {
    if (response.statusCode !== routes.events.status) {
      throw refusal(response.statusCode ?? 0, Buffer.concat(await response.toArray()).toString());
    }
    response.setEncoding('utf8');
    let unread = '';
    for await (const chunk of response as AsyncIterable<string>) {
      unread += chunk;
      for (;;) {
        const end = unread.indexOf('\n\n');
        if (end < 0) break;
        const event = parse(socketPath, unread.slice(0, end));
        unread = unread.slice(end + 2);
        if (event !== undefined) yield event;
        if (event?.event === 'ended') return;
        signal?.throwIfAborted();
      }
      if (unread.length > eventLimitChars)
        throw new ControlError('BAD_ANSWER', `${socketPath}: no event ends`);
    }
    throw new ControlError(
      'BAD_ANSWER',
      `${socketPath}: the events broke off; the daemon is gone, or this listener was too slow for it`,
    );
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof ControlError || !(error instanceof Error)) throw error;
    throw connectionError(socketPath, error);
  } finally {
    response.destroy();
  }
}

function open({ socketPath, timeoutMs, signal }: StreamOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, path } = routes.events;
    const request = httpRequest({ socketPath, method, path, agent: false, ...(signal && { signal }) });
    const fail = (error: unknown) => {
      clearTimeout(deadline);
      reject(signal?.aborted ? signal.reason : error);
      request.destroy();
    };
    const deadline = setTimeout(() => {
      fail(
        new ControlError('TIMEOUT', `${socketPath}: no answer to ${method} ${path} within ${timeoutMs} ms`),
      );
    }, timeoutMs);
    request.on('error', (cause) => fail(connectionError(socketPath, cause)));
    request.on('response', (response) => {
      clearTimeout(deadline);
      request.setTimeout(silenceLimitMs, () => {
        response.destroy(
          new ControlError('TIMEOUT', `${socketPath}: the daemon has said nothing for ${silenceLimitMs} ms`),
        );
      });
      resolve(response);
    });
    request.end();
  });
}

/** Undefined for a comment, and for an event that this version does not know. */
function parse(socketPath: string, text: string): ControlEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''));
  }
  const event = fields.get('event');
  if (event === undefined || !isEventName(event)) return undefined;
  const parsed = ControlEventSpec.safeParse({
    id: Number(fields.get('id')),
    event,
    data: parseJson(fields.get('data')),
  });
  if (parsed.success) return parsed.data;
  throw new ControlError('BAD_ANSWER', `${socketPath}: event ${event}: ${z.prettifyError(parsed.error)}`, {
    cause: parsed.error,
  });
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
