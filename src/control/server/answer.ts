/**
 * Writes answers: a route's own, and every failure as the one error body.
 * Never throws: what cannot be answered is logged and the connection is closed.
 */
import type { ServerResponse } from 'node:http';
import { UsageError } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import { ControlError, controlErrors, ErrorBody } from '../contract/errors.js';

const valueLimitChars = 200;

export interface Answer {
  readonly status: number;
  readonly mediaType: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function writeAnswer(response: ServerResponse, answer: Answer): void {
  if (answer.status === 204) {
    response.writeHead(204, answer.headers).end();
    return;
  }
  response.writeHead(answer.status, {
    ...answer.headers,
    'content-type': answer.mediaType,
    'content-length': Buffer.byteLength(answer.text),
    'cache-control': 'no-store',
  });
  response.end(answer.text);
}

/** What a handler threw, as an answer; whatever is not ours is a defect, logged with its stack. */
export function errorAnswer(thrown: unknown, log: Logger): Answer {
  const error = asControlError(thrown);
  if (error.code === 'INTERNAL') log.error({ err: thrown }, 'a control request failed');
  else log.debug({ code: error.code, field: error.field }, error.message);
  const body: ErrorBody = {
    error: {
      code: wireCode(error),
      message: error.message,
      ...(error.field === undefined ? {} : { field: error.field }),
      ...(error.value === undefined ? {} : { value: cut(error.value) }),
    },
  };
  return {
    status: controlErrors[body.error.code].httpStatus,
    mediaType: 'application/json',
    text: `${JSON.stringify(body)}\n`,
    headers: {},
  };
}

function asControlError(thrown: unknown): ControlError {
  if (thrown instanceof ControlError) return thrown;
  if (thrown instanceof UsageError) {
    const { message, field, value } = thrown;
    return new ControlError('VALIDATION', message, { field, value, cause: thrown });
  }
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new ControlError('INTERNAL', `a defect of the daemon: ${why}`, { cause: thrown });
}

function wireCode(error: ControlError): ErrorBody['error']['code'] {
  const parsed = ErrorBody.shape.error.shape.code.safeParse(error.code);
  return parsed.success ? parsed.data : 'INTERNAL';
}

/** A megabyte of input must not come back, nor may its depth or a bigint keep the error from being told. */
function cut(value: unknown): unknown {
  try {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > valueLimitChars ? `${text.slice(0, valueLimitChars)}…` : value;
  } catch {
    return String(typeof value === 'object' ? '(cannot be shown)' : value);
  }
}
