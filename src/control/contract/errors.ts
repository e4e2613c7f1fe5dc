/**
 * The one table of what can go wrong on the control interface: code, HTTP status, exit status of a command
 * that ends with it.  Both ends throw ControlError; the server turns it into a body, the client makes it
 * again from the body.  Codes without an HTTP status arise at the client and never travel.
 */
import * as z from 'zod';
import { StuckfsError } from '../../base/errors.js';

const travelling = {
  BAD_REQUEST: { httpStatus: 400, exitStatus: 2 },
  VALIDATION: { httpStatus: 400, exitStatus: 2 },
  NOT_FOUND: { httpStatus: 404, exitStatus: 2 },
  METHOD_NOT_ALLOWED: { httpStatus: 405, exitStatus: 2 },
  REQUEST_TIMEOUT: { httpStatus: 408, exitStatus: 1 },
  CONFLICT: { httpStatus: 409, exitStatus: 1 },
  PAYLOAD_TOO_LARGE: { httpStatus: 413, exitStatus: 2 },
  UNSUPPORTED_MEDIA_TYPE: { httpStatus: 415, exitStatus: 2 },
  HEADERS_TOO_LARGE: { httpStatus: 431, exitStatus: 2 },
  INTERNAL: { httpStatus: 500, exitStatus: 1 },
  UNAVAILABLE: { httpStatus: 503, exitStatus: 1 },
} as const;

const atTheClient = {
  /** No socket at the path, or nobody listens on it. */
  NO_DAEMON: { httpStatus: null, exitStatus: 2 },
  /** The socket is there and this user may not use it. */
  ACCESS_DENIED: { httpStatus: null, exitStatus: 2 },
  /** No answer, or no such state, before the deadline: what the daemon does is not known. */
  TIMEOUT: { httpStatus: null, exitStatus: 3 },
  /** What answered does not keep this contract, or went away in the middle of the answer. */
  BAD_ANSWER: { httpStatus: null, exitStatus: 1 },
} as const;

export const controlErrors = { ...travelling, ...atTheClient } as const;

export type WireErrorCode = keyof typeof travelling;
export type ControlErrorCode = keyof typeof controlErrors;

export const wireErrorCodes = Object.keys(travelling) as WireErrorCode[];

/** The body of every answer whose status is not 2xx. */
export const ErrorBody = z.object({
  error: z.object({
    code: z.enum(wireErrorCodes),
    message: z.string(),
    /** Which part of the request is wrong, in the sender's own words: `match.opcodes[0]`, `limit`. */
    field: z.string().optional().describe('Which part of the request is wrong, such as match.opcodes[0].'),
    value: z.unknown().optional().describe('The value of that part as it was given; cut when it is long.'),
  }),
});
export type ErrorBody = z.output<typeof ErrorBody>;

export class ControlError extends StuckfsError {
  override readonly exitStatus: number;
  readonly field: string | undefined;
  readonly value: unknown;

  constructor(
    override readonly code: ControlErrorCode,
    message: string,
    options: { field?: string | undefined; value?: unknown; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.exitStatus = controlErrors[code].exitStatus;
    this.field = options.field;
    this.value = options.value;
  }
}
