/**
 * The connections that listen for events: GET /v1/events, server-sent events.  The daemon is protected from them:
 * their number is limited, and one that does not read what it is sent is dropped instead of being waited for.
 */
import type { ServerResponse } from 'node:http';
import type { Logger } from '../../base/log.js';
import { ControlError } from '../contract/errors.js';
import { type ControlEvent, keepAliveMs } from '../contract/events.js';
import type { DaemonApi, Listening } from './api.js';

export const maxListeners = 64;
/** What one listener may leave unread here, beside what its socket holds. */
export const unreadLimitBytes = 256 * 1024;

export interface EventStreamsOptions {
  readonly log: Logger;
  readonly keepAliveMs?: number | undefined;
}

export class EventStreams {
  private readonly streams = new Set<ServerResponse>();
  private keepAlive: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly options: EventStreamsOptions) {}

  /** Answers with a stream that ends with the daemon or with the listener; throws ControlError before it begins. */
  async open(response: ServerResponse, api: DaemonApi): Promise<void> {
    if (this.closed) throw new ControlError('UNAVAILABLE', 'the daemon is ending');
    if (this.streams.size >= maxListeners) {
      throw new ControlError('UNAVAILABLE', `${maxListeners} clients listen for events, and no more may`);
    }
    this.add(response);
    let listening: Listening | undefined;
    /** What happens after the state was taken and before it is sent. */
    const early: ControlEvent[] = [];
    response.once('close', () => {
      this.remove(response);
      listening?.stop();
    });
    try {
      listening = await api.listen((event) => {
        if (response.headersSent) this.send(response, textOf(event));
        else early.push(event);
      });
    } catch (error) {
      this.remove(response);
      throw error;
    }
    // It may have gone away, or the server may be closing, while the daemon was asked.
    if (response.destroyed) listening.stop();
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      connection: 'close',
    });
    for (const event of [listening.state, ...early]) this.send(response, textOf(event));
    if (this.closed) response.end();
  }

  /** Ends every stream after what it has been sent. */
  close(): void {
    this.closed = true;
    for (const stream of this.streams) if (stream.headersSent) stream.end();
  }

  private add(stream: ServerResponse): void {
    this.streams.add(stream);
    this.keepAlive ??= setInterval(() => {
      for (const listener of this.streams) this.send(listener, ':\n\n');
    }, this.options.keepAliveMs ?? keepAliveMs);
  }

  private remove(stream: ServerResponse): void {
    this.streams.delete(stream);
    if (this.streams.size > 0) return;
    clearInterval(this.keepAlive);
    this.keepAlive = undefined;
  }

  private send(stream: ServerResponse, text: string): void {
    if (stream.writableEnded || stream.destroyed || !stream.headersSent) return;
    stream.write(text);
    if (stream.writableLength <= unreadLimitBytes) return;
    this.options.log.warn({ unreadBytes: stream.writableLength }, 'a listener does not read; dropped');
    stream.destroy();
  }
}

/** JSON has no line break in it, so the data is one line. */
function textOf({ id, event, data }: ControlEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
