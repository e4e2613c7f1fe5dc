/**
 * Messages as one line of text, for logs and traces: fields by their kernel names, flags by name.
 * Never prints file contents, only their size.  Not for the hot path.
 */
import { errnoName } from '../base/errno.js';
import { ProtocolError } from './errors.js';
import { type Extension, FUSE_EXT_GROUPS, FUSE_MAX_NR_SECCTX } from './extension.js';
import * as flag from './flags.js';
import { initFlagNames } from './init-flags.js';
import { type ByteName, displayName } from './name.js';
import { NotifyCode } from './notify.js';
import { Opcode, opcodeName } from './opcode.js';
import { OUT_HEADER_SIZE } from './reply.js';
import type { Request } from './request.js';

type Printer = (value: never) => string;

const hex = (value: number | bigint) => `0x${value.toString(16)}`;
const octal = (value: number) => `0${value.toString(8)}`;
const quoted = (name: ByteName) => `"${displayName(name).replaceAll('"', '\\x22')}"`;
const named = (table: Readonly<Record<string, number>>) => (value: number) => flag.flagNames(table, value);

/** How a field is shown where the plain number would not do. */
const printers: Readonly<Record<string, Printer>> = {
  name: quoted,
  oldname: quoted,
  newname: quoted,
  target: quoted,
  mode: octal,
  umask: octal,
  flags: hex,
  sx_flags: hex,
  sx_mask: hex,
  cmd: hex,
  arg: hex,
  events: hex,
  valid: named(flag.Fattr),
  open_flags: named(flag.OpenFlags),
  release_flags: named(flag.ReleaseFlags),
  getattr_flags: named(flag.GetattrFlags),
  lk_flags: named(flag.LkFlags),
  write_flags: named(flag.WriteFlags),
  read_flags: named(flag.ReadFlags),
  fsync_flags: named(flag.FsyncFlags),
  setxattr_flags: named(flag.SetxattrFlags),
};

/** `flags` means something else from one opcode to the next; where it is not here it is O_* or RENAME_*. */
const flagsPrinters = new Map<number, Printer>([
  [Opcode.FUSE_IOCTL, named(flag.IoctlFlags)],
  [Opcode.FUSE_POLL, named(flag.PollFlags)],
  [Opcode.FUSE_SETUPMAPPING, (value: bigint) => flag.flagNames(flag.SetupmappingFlags, Number(value))],
]);

/** Shown ahead of the rest, or not at all. */
const headerFields = new Set(['opcode', 'unique', 'nodeid', 'uid', 'gid', 'pid', 'total_extlen']);

/** `FUSE_WRITE unique=1234 nodeid=2 pid=77 fh=3 offset=0 size=4096 write_flags=FUSE_WRITE_CACHE`; zero flags are left out. */
export function printRequest(request: Request): string {
  const words = [
    opcodeName(request.opcode) ?? `opcode ${request.opcode}`,
    `unique=${request.unique}`,
    `nodeid=${request.nodeid}`,
    `pid=${request.pid}`,
  ];
  for (const [field, value] of Object.entries(request)) {
    if (headerFields.has(field) || Buffer.isBuffer(value) || isQuiet(field, value)) continue;
    if (request.opcode === Opcode.FUSE_INIT && (field === 'flags' || field === 'flags2')) {
      const bits = BigInt(value);
      words.push(`${field}=${initFlagNames(field === 'flags2' ? bits << 32n : bits)}`);
    } else {
      words.push(`${field}=${printField(request.opcode, field, value)}`);
    }
  }
  return words.join(' ');
}

function isQuiet(field: string, value: unknown): boolean {
  if (field === 'extensions') return (value as readonly Extension[]).length === 0;
  return (field === 'lock_owner' || field.includes('flags')) && Number(value) === 0;
}

function printField(opcode: number, field: string, value: unknown): string {
  if (field === 'extensions') {
    return `[${(value as readonly Extension[]).map(printExtension).join(' ')}]`;
  }
  const printer = field === 'flags' ? (flagsPrinters.get(opcode) ?? hex) : printers[field];
  if (printer !== undefined) return printer(value as never);
  if (Array.isArray(value)) return `[${value.map(printStruct).join(' ')}]`;
  if (typeof value === 'object') return printStruct(value);
  return String(value);
}

function printExtension({ type, payload }: Extension): string {
  let kind = `type=${type}`;
  if (type === FUSE_EXT_GROUPS) kind = 'FUSE_EXT_GROUPS';
  else if (type <= FUSE_MAX_NR_SECCTX) kind = `nr_secctx=${type}`;
  return `{${kind} ${payload.length} bytes}`;
}

function printStruct(value: unknown): string {
  const fields = Object.entries(value as object).map(([field, inner]) => `${field}=${inner}`);
  return `{${fields.join(' ')}}`;
}

/**
 * `FUSE_OPEN reply unique=7 fh=3 open_flags=FOPEN_NOFLUSH`, `FUSE_WRITE reply unique=8 error=-EIO`.
 * @param opcode of the request that is answered; without it the payload is only measured
 * @param reply at least the header; the payload may be elsewhere (READ)
 * @throws {ProtocolError} TRUNCATED below 16 bytes
 */
export function printReply(reply: Buffer, opcode?: Opcode): string {
  if (reply.length < OUT_HEADER_SIZE) {
    throw new ProtocolError('TRUNCATED', `${reply.length} bytes are no reply header`);
  }
  const len = reply.readUInt32LE(0);
  const error = reply.readInt32LE(4);
  const unique = reply.readBigUInt64LE(8);
  if (unique === 0n) return `${notifyName(error)} size=${len - OUT_HEADER_SIZE}`;
  const words = [`${opcode === undefined ? '' : `${opcodeName(opcode)} `}reply`, `unique=${unique}`];
  if (error !== 0) words.push(`error=-${errnoName(-error)}`);
  else words.push(...printPayload(reply, opcode, len - OUT_HEADER_SIZE));
  return words.join(' ');
}

function notifyName(code: number): string {
  const known = Object.entries(NotifyCode).find(([, value]) => value === code);
  return known?.[0] ?? `notify ${code}`;
}

function printPayload(reply: Buffer, opcode: Opcode | undefined, size: number): string[] {
  if (reply.length === OUT_HEADER_SIZE + size) {
    switch (opcode) {
      case Opcode.FUSE_LOOKUP:
      case Opcode.FUSE_MKNOD:
      case Opcode.FUSE_MKDIR:
      case Opcode.FUSE_SYMLINK:
      case Opcode.FUSE_LINK:
        if (size === 128) return printEntry(reply);
        break;
      case Opcode.FUSE_CREATE:
      case Opcode.FUSE_TMPFILE:
        if (size === 144) return [...printEntry(reply), ...printOpen(reply, 144)];
        break;
      case Opcode.FUSE_GETATTR:
      case Opcode.FUSE_SETATTR:
        if (size === 104) return printAttr(reply, 32);
        break;
      case Opcode.FUSE_OPEN:
      case Opcode.FUSE_OPENDIR:
        if (size === 16) return printOpen(reply, 16);
        break;
      case Opcode.FUSE_WRITE:
      case Opcode.FUSE_COPY_FILE_RANGE:
        if (size === 8) return [`size=${reply.readUInt32LE(16)}`];
        break;
      case Opcode.FUSE_INIT:
        if (size === 64) return printInit(reply);
        break;
    }
  }
  return size === 0 ? [] : [`size=${size}`];
}

function printEntry(reply: Buffer): string[] {
  const nodeid = reply.readBigUInt64LE(16);
  return nodeid === 0n ? ['nodeid=0'] : [`nodeid=${nodeid}`, ...printAttr(reply, 56)];
}

function printAttr(reply: Buffer, at: number): string[] {
  return [
    `ino=${reply.readBigUInt64LE(at)}`,
    `size=${reply.readBigUInt64LE(at + 8)}`,
    `mode=${octal(reply.readUInt32LE(at + 60))}`,
    `nlink=${reply.readUInt32LE(at + 64)}`,
  ];
}

function printOpen(reply: Buffer, at: number): string[] {
  return [
    `fh=${reply.readBigUInt64LE(at)}`,
    `open_flags=${flag.flagNames(flag.Fopen, reply.readUInt32LE(at + 8))}`,
  ];
}

function printInit(reply: Buffer): string[] {
  const flags = BigInt(reply.readUInt32LE(28)) | (BigInt(reply.readUInt32LE(48)) << 32n);
  return [
    `major=${reply.readUInt32LE(16)}`,
    `minor=${reply.readUInt32LE(20)}`,
    `max_readahead=${reply.readUInt32LE(24)}`,
    `max_background=${reply.readUInt16LE(32)}`,
    `congestion_threshold=${reply.readUInt16LE(34)}`,
    `max_write=${reply.readUInt32LE(36)}`,
    `max_pages=${reply.readUInt16LE(44)}`,
    `flags=${initFlagNames(flags)}`,
  ];
}
