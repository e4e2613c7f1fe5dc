/**
 * One message of /dev/fuse to one Request.  Owns the checks of the header and the choice by opcode; the fields
 * of each opcode are in the request-*.ts files.  Throws ProtocolError and nothing else; reads only the message.
 * Authority: include/uapi/linux/fuse.h, protocol 7.31 to 7.45.
 */
import { ProtocolError } from './errors.js';
import { type Extension, extensionsStart, noExtensions, readExtensions } from './extension.js';
import { Opcode } from './opcode.js';
import { AccessRequest, GetattrRequest, SetattrRequest, StatxRequest } from './request-attr.js';
import { IoctlRequest, PollRequest } from './request-device.js';
import {
  BatchForgetRequest,
  CreateRequest,
  ForgetRequest,
  LinkRequest,
  MkdirRequest,
  MknodRequest,
  NameRequest,
  RenameRequest,
  SymlinkRequest,
  TmpfileRequest,
} from './request-entry.js';
import { IN_HEADER_SIZE } from './request-header.js';
import {
  CopyFileRangeRequest,
  FallocateRequest,
  FlushRequest,
  FsyncRequest,
  LseekRequest,
  OpenRequest,
  ReadRequest,
  ReleaseRequest,
  WriteRequest,
} from './request-io.js';
import { LockRequest } from './request-lock.js';
import { BmapRequest, RemovemappingRequest, SetupmappingRequest } from './request-mapping.js';
import {
  BareRequest,
  InitRequest,
  InterruptRequest,
  NotifyReplyRequest,
  SyncfsRequest,
} from './request-session.js';
import { GetxattrRequest, ListxattrRequest, RemovexattrRequest, SetxattrRequest } from './request-xattr.js';

/** What INIT agreed on; it decides the form of a few requests. */
export interface Negotiated {
  readonly minor: number;
  /** InitFlags that both sides have. */
  readonly flags: bigint;
}

/** Before INIT is answered. */
export const notNegotiated: Negotiated = { minor: 0, flags: 0n };

/** Discriminated by `opcode`. */
export type Request = ReturnType<typeof decodeArguments>;

/** The Request of one opcode, for a handler of that opcode: some classes serve several. */
export type RequestOf<O extends Opcode> = OfOpcode<Request, O>;
type OfOpcode<R extends Request, O> = R extends Request ? (O extends R['opcode'] ? R : never) : never;

/**
 * @param message exactly the bytes of one read(2); payloads of the result are subarrays of it, not copies
 * @throws {ProtocolError} see ProtocolErrorCode
 */
export function decodeRequest(message: Buffer, negotiated: Negotiated = notNegotiated): Request {
  if (message.length < IN_HEADER_SIZE) {
    throw new ProtocolError('TRUNCATED', `${message.length} bytes are no header`, message);
  }
  const len = message.readUInt32LE(0);
  if (len !== message.length) {
    throw new ProtocolError('LENGTH_MISMATCH', `len is ${len}, read were ${message.length}`, message);
  }
  const opcode = message.readUInt32LE(4);
  const end = extensionsStart(message, opcode, negotiated.flags);
  const extensions = end === len ? noExtensions : readExtensions(message, end);
  return decodeArguments(message, opcode, end, extensions, negotiated.flags);
}

function decodeArguments(
  message: Buffer,
  opcode: number,
  end: number,
  extensions: readonly Extension[],
  initFlags: bigint,
) {
  switch (opcode) {
    case Opcode.FUSE_LOOKUP:
    case Opcode.FUSE_UNLINK:
    case Opcode.FUSE_RMDIR:
      return new NameRequest(message, end, extensions);
    case Opcode.FUSE_FORGET:
      return new ForgetRequest(message, end, extensions);
    case Opcode.FUSE_GETATTR:
      return new GetattrRequest(message, end, extensions);
    case Opcode.FUSE_SETATTR:
      return new SetattrRequest(message, end, extensions);
    case Opcode.FUSE_READLINK:
    case Opcode.FUSE_STATFS:
    case Opcode.FUSE_DESTROY:
      return new BareRequest(message, end, extensions);
    case Opcode.FUSE_SYMLINK:
      return new SymlinkRequest(message, end, extensions);
    case Opcode.FUSE_MKNOD:
      return new MknodRequest(message, end, extensions);
    case Opcode.FUSE_MKDIR:
      return new MkdirRequest(message, end, extensions);
    case Opcode.FUSE_RENAME:
    case Opcode.FUSE_RENAME2:
      return new RenameRequest(message, end, extensions);
    case Opcode.FUSE_LINK:
      return new LinkRequest(message, end, extensions);
    case Opcode.FUSE_OPEN:
    case Opcode.FUSE_OPENDIR:
      return new OpenRequest(message, end, extensions);
    case Opcode.FUSE_READ:
    case Opcode.FUSE_READDIR:
    case Opcode.FUSE_READDIRPLUS:
      return new ReadRequest(message, end, extensions);
    case Opcode.FUSE_WRITE:
      return new WriteRequest(message, end, extensions);
    case Opcode.FUSE_RELEASE:
    case Opcode.FUSE_RELEASEDIR:
      return new ReleaseRequest(message, end, extensions);
    case Opcode.FUSE_FSYNC:
    case Opcode.FUSE_FSYNCDIR:
      return new FsyncRequest(message, end, extensions);
    case Opcode.FUSE_SETXATTR:
      return new SetxattrRequest(message, end, extensions, initFlags);
    case Opcode.FUSE_GETXATTR:
      return new GetxattrRequest(message, end, extensions);
    case Opcode.FUSE_LISTXATTR:
      return new ListxattrRequest(message, end, extensions);
    case Opcode.FUSE_REMOVEXATTR:
      return new RemovexattrRequest(message, end, extensions);
    case Opcode.FUSE_FLUSH:
      return new FlushRequest(message, end, extensions);
    case Opcode.FUSE_INIT:
      return new InitRequest(message, end, extensions);
    case Opcode.FUSE_GETLK:
    case Opcode.FUSE_SETLK:
    case Opcode.FUSE_SETLKW:
      return new LockRequest(message, end, extensions);
    case Opcode.FUSE_ACCESS:
      return new AccessRequest(message, end, extensions);
    case Opcode.FUSE_CREATE:
      return new CreateRequest(message, end, extensions);
    case Opcode.FUSE_INTERRUPT:
      return new InterruptRequest(message, end, extensions);
    case Opcode.FUSE_BMAP:
      return new BmapRequest(message, end, extensions);
    case Opcode.FUSE_IOCTL:
      return new IoctlRequest(message, end, extensions);
    case Opcode.FUSE_POLL:
      return new PollRequest(message, end, extensions);
    case Opcode.FUSE_NOTIFY_REPLY:
      return new NotifyReplyRequest(message, end, extensions);
    case Opcode.FUSE_BATCH_FORGET:
      return new BatchForgetRequest(message, end, extensions);
    case Opcode.FUSE_FALLOCATE:
      return new FallocateRequest(message, end, extensions);
    case Opcode.FUSE_LSEEK:
      return new LseekRequest(message, end, extensions);
    case Opcode.FUSE_COPY_FILE_RANGE:
    case Opcode.FUSE_COPY_FILE_RANGE_64:
      return new CopyFileRangeRequest(message, end, extensions);
    case Opcode.FUSE_SETUPMAPPING:
      return new SetupmappingRequest(message, end, extensions);
    case Opcode.FUSE_REMOVEMAPPING:
      return new RemovemappingRequest(message, end, extensions);
    case Opcode.FUSE_SYNCFS:
      return new SyncfsRequest(message, end, extensions);
    case Opcode.FUSE_TMPFILE:
      return new TmpfileRequest(message, end, extensions);
    case Opcode.FUSE_STATX:
      return new StatxRequest(message, end, extensions);
    default:
      throw new ProtocolError('UNKNOWN_OPCODE', `opcode ${opcode}`, message);
  }
}
