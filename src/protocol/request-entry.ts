/**
 * Requests about directory entries and what they make known: LOOKUP to CREATE, and FORGET.
 * Authority: fs/fuse/dir.c (which arguments follow which), fs/fuse/dev.c (forgets).
 */
import type { NodeId } from '../base/branded.js';
import { ProtocolError } from './errors.js';
import type { Extension } from './extension.js';
import { type ByteName, findNul, readDotName, readName, readTarget } from './name.js';
import { Opcode } from './opcode.js';
import { needEnd, needStruct, RequestHeader } from './request-header.js';
import { readCount, readNodeId } from './wire.js';

type Extensions = readonly Extension[];

/** LOOKUP, UNLINK, RMDIR: a name in the directory `nodeid`. Only LOOKUP may ask for "." and "..". */
export class NameRequest extends RequestHeader<
  typeof Opcode.FUSE_LOOKUP | typeof Opcode.FUSE_UNLINK | typeof Opcode.FUSE_RMDIR
> {
  readonly name: ByteName;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    const nul = findNul(message, 40, end);
    needEnd(message, end, nul + 1);
    this.name =
      this.opcode === Opcode.FUSE_LOOKUP ? readDotName(message, 40, nul) : readName(message, 40, nul);
  }
}

export class SymlinkRequest extends RequestHeader<typeof Opcode.FUSE_SYMLINK> {
  readonly name: ByteName;
  /** What the symlink points to; may hold slashes. */
  readonly target: ByteName;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    const nul = findNul(message, 40, end);
    const targetNul = findNul(message, nul + 1, end);
    needEnd(message, end, targetNul + 1);
    this.name = readName(message, 40, nul);
    this.target = readTarget(message, nul + 1, targetNul);
  }
}

export class MknodRequest extends RequestHeader<typeof Opcode.FUSE_MKNOD> {
  readonly mode: number;
  readonly rdev: number;
  readonly umask: number;
  readonly name: ByteName;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 16);
    this.mode = message.readUInt32LE(40);
    this.rdev = message.readUInt32LE(44);
    this.umask = message.readUInt32LE(48);
    this.name = lastName(message, 56, end);
  }
}

export class MkdirRequest extends RequestHeader<typeof Opcode.FUSE_MKDIR> {
  readonly mode: number;
  readonly umask: number;
  readonly name: ByteName;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 8);
    this.mode = message.readUInt32LE(40);
    this.umask = message.readUInt32LE(44);
    this.name = lastName(message, 48, end);
  }
}

export class RenameRequest extends RequestHeader<typeof Opcode.FUSE_RENAME | typeof Opcode.FUSE_RENAME2> {
  readonly newdir: NodeId;
  /** RENAME_* of linux/fs.h; 0 for FUSE_RENAME, which has none. */
  readonly flags: number;
  readonly oldname: ByteName;
  readonly newname: ByteName;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    const size = this.opcode === Opcode.FUSE_RENAME2 ? 16 : 8;
    needStruct(message, end, size);
    this.newdir = readNodeId(message, 40, 'newdir');
    this.flags = size === 16 ? message.readUInt32LE(48) : 0;
    const start = 40 + size;
    const nul = findNul(message, start, end);
    this.oldname = readName(message, start, nul);
    this.newname = lastName(message, nul + 1, end);
  }
}

/** `nodeid` is the directory that gets the new name. */
export class LinkRequest extends RequestHeader<typeof Opcode.FUSE_LINK> {
  readonly oldnodeid: NodeId;
  readonly newname: ByteName;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 8);
    this.oldnodeid = readNodeId(message, 40, 'oldnodeid');
    this.newname = lastName(message, 48, end);
  }
}

export class CreateRequest extends RequestHeader<typeof Opcode.FUSE_CREATE> {
  /** O_* of open(2). */
  readonly flags: number;
  readonly mode: number;
  readonly umask: number;
  /** OpenFlags */
  readonly open_flags: number;
  readonly name: ByteName;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 16);
    this.flags = message.readUInt32LE(40);
    this.mode = message.readUInt32LE(44);
    this.umask = message.readUInt32LE(48);
    this.open_flags = message.readUInt32LE(52);
    this.name = lastName(message, 56, end);
  }
}

/**
 * struct fuse_create_in like CREATE.  A name follows it that names nothing (vfs_tmpfile passes the dentry "/"),
 * so it is checked for its NUL and dropped.
 */
export class TmpfileRequest extends RequestHeader<typeof Opcode.FUSE_TMPFILE> {
  readonly flags: number;
  readonly mode: number;
  readonly umask: number;
  /** OpenFlags */
  readonly open_flags: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 16);
    this.flags = message.readUInt32LE(40);
    this.mode = message.readUInt32LE(44);
    this.umask = message.readUInt32LE(48);
    this.open_flags = message.readUInt32LE(52);
    needEnd(message, end, findNul(message, 56, end) + 1);
  }
}

/** No reply. */
export class ForgetRequest extends RequestHeader<typeof Opcode.FUSE_FORGET> {
  readonly nlookup: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 48);
    this.nlookup = readCount(message, 40, 'nlookup');
  }
}

/** struct fuse_forget_one */
export interface ForgetOne {
  readonly nodeid: NodeId;
  readonly nlookup: number;
}

/** No reply. */
export class BatchForgetRequest extends RequestHeader<typeof Opcode.FUSE_BATCH_FORGET> {
  readonly count: number;
  readonly items: readonly ForgetOne[];
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 8);
    this.count = message.readUInt32LE(40);
    if ((end - 48) / 16 !== this.count) {
      throw new ProtocolError('LENGTH_MISMATCH', `${end - 48} bytes for ${this.count} forgets`, message);
    }
    const items: ForgetOne[] = [];
    for (let at = 48; at < end; at += 16) {
      items.push({
        nodeid: readNodeId(message, at, 'nodeid of a forget'),
        nlookup: readCount(message, at + 8, 'nlookup'),
      });
    }
    this.items = items;
  }
}

function lastName(message: Buffer, start: number, end: number): ByteName {
  const nul = findNul(message, start, end);
  needEnd(message, end, nul + 1);
  return readName(message, start, nul);
}
