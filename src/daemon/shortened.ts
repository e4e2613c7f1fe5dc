/** A READ or a WRITE as if the kernel had asked for fewer bytes: what the action `short` carries out. */
import { Opcode } from '../protocol/opcode.js';
import type { Request } from '../protocol/request.js';

/** @param sizeBytes not more than the request's own */
export function shortened(request: Request, sizeBytes: number): Request {
  switch (request.opcode) {
    case Opcode.FUSE_READ:
      return { ...request, size: sizeBytes };
    case Opcode.FUSE_WRITE:
      return { ...request, size: sizeBytes, data: request.data.subarray(0, sizeBytes) };
    default:
      return request;
  }
}
