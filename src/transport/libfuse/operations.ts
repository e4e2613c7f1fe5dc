/**
 * Each operation of libfuse as the requests that it stands for, and their answers back to libfuse.  Paths become
 * inodes here.  Owns no file and no fault; an operation is answered exactly once, now or later.
 * Authority: struct fuse_operations in libfuse 2.9's fuse.h; FUSE_METHOD in fuse-native.c for words and answers.
 */
import type { NodeId } from '../../base/branded.js';
import { Errno } from '../../base/errno.js';
import { Fattr, GetattrFlags } from '../../protocol/flags.js';
import { type ByteName, nameFromUtf8 } from '../../protocol/name.js';
import type { OpcodeName } from '../../protocol/opcode.js';
import type { OperationName } from './binding.js';
import type { Call } from './call.js';
import type { Answer, Settle } from './libfuse-replies.js';
import { type Listing, noListing, readRecords } from './listing.js';
import type { MessageBuilder, SetattrFields } from './message.js';
import { count, signedMs, statvfsWords, statWords } from './stat-words.js';

/** What the transport needs to know of the files behind it. */
export interface Names {
  /** The inode of a path below the root, "/" being the root, known until it is forgotten; or -errno. */
  resolve(path: ByteName): NodeId | number;
  /** As FORGET: libfuse keeps lookup counts itself and tells us of none. */
  forget(nodeid: NodeId, nlookup: number): void;
}

const ROOT = 1 as NodeId;
/** An id that is to stay as it is, in chown(2). */
const NO_ID = 0xffff_ffff;
const O_RDWR_CREAT = 0o102;
/** One request for most directories; whoever holds READDIR then holds one. */
const READDIR_BYTES = 1 << 18;

/** -errno, or 0: a failure of an operation whose success is 0. */
function resultOf(answer: Answer): number {
  if (answer.kind === 'error') return -answer.errno;
  return answer.kind === 'other' ? -Errno.EIO : 0;
}

/** With the words that fuse-native gives; answers through the call. */
type Operation = (call: Call, ...words: never[]) => void;

/** @param build where each request is built; {@link Call.send} sends what is in it */
export function operations(
  names: Names,
  build: MessageBuilder,
  onInit: () => void,
): Readonly<Record<OperationName, Operation>> {
  /** By handle.  A path may lead elsewhere by now; and readdir is told no handle. */
  const openDirectories = new Map<number, NodeId>();
  const openFiles = new Map<number, NodeId>();

  /** Known until the operation has been answered. */
  const resolve = (path: string, call: Call): NodeId | number => {
    const nodeid = names.resolve(nameFromUtf8(path));
    if (nodeid >= 0) call.afterwards(() => names.forget(nodeid as NodeId, 1));
    return nodeid;
  };

  const onNode = (path: string, call: Call, then: (nodeid: NodeId) => void): void => {
    const nodeid = resolve(path, call);
    if (nodeid < 0) call.respond(nodeid);
    else then(nodeid as NodeId);
  };

  /** The directory of a path and the name in it. */
  const onParent = (path: string, call: Call, then: (parent: NodeId, name: ByteName) => void): void => {
    const slash = path.lastIndexOf('/');
    onNode(slash <= 0 ? '/' : path.slice(0, slash), call, (parent) =>
      then(parent, nameFromUtf8(path.slice(slash + 1))),
    );
  };

  const onHandle = (fh: number, path: string, call: Call, then: (nodeid: NodeId) => void): void => {
    const nodeid = openFiles.get(fh) ?? openDirectories.get(fh);
    if (nodeid === undefined) onNode(path, call, then);
    else then(nodeid);
  };

  /** Answers success or failure and nothing else; an entry that was made is not remembered. */
  const done =
    ({ respond }: Call): Settle =>
    (answer) => {
      if (answer.kind === 'entry') names.forget(answer.nodeid, 1);
      respond(resultOf(answer));
    };

  const sendSetattr = (call: Call, fields: SetattrFields) => (nodeid: NodeId) => {
    build.start('FUSE_SETATTR', nodeid).setattr(fields);
    call.send(done(call));
  };
  const setattr = (call: Call, path: string, fields: SetattrFields): void =>
    onNode(path, call, sendSetattr(call, fields));

  const sendGetattr = (call: Call, fh?: number) => (nodeid: NodeId) => {
    build
      .start('FUSE_GETATTR', nodeid)
      .u32(fh === undefined ? 0 : GetattrFlags.FUSE_GETATTR_FH, 0)
      .u64(fh ?? 0);
    call.send((answer) => {
      if (answer.kind === 'attr') call.respond(0, statWords(answer.attr));
      else call.respond(resultOf(answer));
    });
  };

  /** Of a name that is not there LOOKUP is asked, so that this meets faults too. */
  const getattr = (call: Call, path: string): void => {
    const nodeid = resolve(path, call);
    if (nodeid >= 0) sendGetattr(call)(nodeid as NodeId);
    else if (nodeid !== -Errno.ENOENT) call.respond(nodeid);
    else lookUp(call, path);
  };

  const lookUp = (call: Call, path: string): void => {
    onParent(path, call, (parent, name) => {
      build.start('FUSE_LOOKUP', parent).name(name);
      call.send((answer) => {
        if (answer.kind === 'entry') {
          // Somebody has made it meanwhile.
          call.afterwards(() => names.forget(answer.nodeid, 1));
          sendGetattr(call)(answer.nodeid);
        } else call.respond(answer.kind === 'error' ? -answer.errno : -Errno.ENOENT);
      });
    });
  };

  const open = (call: Call, opcode: 'FUSE_OPEN' | 'FUSE_OPENDIR', path: string, flags: number): void =>
    onNode(path, call, (nodeid) => {
      build.start(opcode, nodeid).u32(flags, 0);
      call.send((answer) => {
        if (answer.kind !== 'open') return call.respond(resultOf(answer));
        (opcode === 'FUSE_OPENDIR' ? openDirectories : openFiles).set(answer.fh, nodeid);
        call.respond(0, answer.fh);
      });
    });

  const onOpen = (call: Call, opcode: OpcodeName, path: string, fh: number, args: () => void): void =>
    onHandle(fh, path, call, (nodeid) => {
      build.start(opcode, nodeid);
      args();
      call.send(done(call));
    });

  const make = (call: Call, opcode: OpcodeName, path: string, args: (name: ByteName) => void): void =>
    onParent(path, call, (parent, last) => {
      build.start(opcode, parent);
      args(last);
      call.send(done(call));
    });

  /** The value of an attribute, or how large it is, into the room that was given. */
  const intoRoom =
    ({ respond }: Call, room: Buffer): Settle =>
    (answer) => {
      if (answer.kind === 'size') respond(answer.sizeBytes);
      else if (answer.kind === 'data') {
        room.set(answer.data);
        respond(answer.data.length);
      } else respond(resultOf(answer));
    };

  const list = (call: Call, nodeid: NodeId, fh: number, listing: Listing, offset: number): void => {
    build.start('FUSE_READDIR', nodeid).io(fh, offset, READDIR_BYTES);
    call.send((answer) => {
      if (answer.kind !== 'directory') return call.respond(resultOf(answer));
      const { lastOffset, mayGoOn } = readRecords(answer.records, READDIR_BYTES, listing);
      if (mayGoOn) list(call, nodeid, fh, listing, lastOffset);
      else call.respond(0, listing.names, listing.stats);
    });
  };

  return {
    init: (call) => {
      onInit();
      call.respond(0);
    },
    statfs: (call) => {
      build.start('FUSE_STATFS', ROOT);
      call.send((answer) => {
        if (answer.kind === 'statfs') call.respond(0, statvfsWords(answer.statfs));
        else call.respond(resultOf(answer));
      });
    },
    getattr: (call, path: string) => getattr(call, path),
    fgetattr: (call, path: string, fh: number) => onHandle(fh, path, call, sendGetattr(call, fh)),
    truncate: (call, path: string, low: number, high: number) =>
      setattr(call, path, { valid: Fattr.FATTR_SIZE, size: count(low, high) }),
    ftruncate: (call, path: string, fh: number, low: number, high: number) =>
      onHandle(
        fh,
        path,
        call,
        sendSetattr(call, { valid: Fattr.FATTR_SIZE | Fattr.FATTR_FH, fh, size: count(low, high) }),
      ),
    chmod: (call, path: string, mode: number) => setattr(call, path, { valid: Fattr.FATTR_MODE, mode }),
    chown: (call, path: string, uid: number, gid: number) =>
      setattr(call, path, {
        valid: (uid === NO_ID ? 0 : Fattr.FATTR_UID) | (gid === NO_ID ? 0 : Fattr.FATTR_GID),
        uid: uid === NO_ID ? 0 : uid,
        gid: gid === NO_ID ? 0 : gid,
      }),
    // fuse-native gives the access time twice (FUSE_METHOD_VOID(utimens) in fuse-native.c).
    utimens: (call, path: string, aLow: number, aHigh: number, mLow: number, mHigh: number) =>
      setattr(call, path, {
        valid: Fattr.FATTR_ATIME | Fattr.FATTR_MTIME,
        atimeMs: signedMs(aLow, aHigh),
        mtimeMs: signedMs(mLow, mHigh),
      }),
    open: (call, path: string, flags: number) => open(call, 'FUSE_OPEN', path, flags),
    opendir: (call, path: string, _fh: number, flags: number) => open(call, 'FUSE_OPENDIR', path, flags),
    create: (call, path: string, mode: number) => {
      onParent(path, call, (parent, name) => {
        build.start('FUSE_CREATE', parent).u32(O_RDWR_CREAT, mode, 0, 0).name(name);
        call.send((answer) => {
          if (answer.kind !== 'create') return call.respond(resultOf(answer));
          openFiles.set(answer.fh, answer.nodeid);
          names.forget(answer.nodeid, 1);
          call.respond(0, answer.fh);
        });
      });
    },
    read: (call, path: string, fh: number, room: Buffer, size: number, low: number, high: number) => {
      onHandle(fh, path, call, (nodeid) => {
        build.start('FUSE_READ', nodeid).io(fh, count(low, high), size);
        call.send((answer) => {
          if (answer.kind !== 'data') return call.respond(resultOf(answer));
          room.set(answer.data);
          call.respond(answer.data.length);
        });
      });
    },
    write: (call, path: string, fh: number, data: Buffer, size: number, low: number, high: number) => {
      onHandle(fh, path, call, (nodeid) => {
        build.start('FUSE_WRITE', nodeid).io(fh, count(low, high), size).data(data);
        call.send((answer) => call.respond(answer.kind === 'size' ? answer.sizeBytes : resultOf(answer)));
      });
    },
    flush: (call, path: string, fh: number) =>
      onOpen(call, 'FUSE_FLUSH', path, fh, () => build.u64(fh, 0, 0)),
    fsync: (call, path: string, datasync: number, fh: number) =>
      onOpen(call, 'FUSE_FSYNC', path, fh, () => build.u64(fh).u32(datasync, 0)),
    fsyncdir: (call, path: string, datasync: number, fh: number) =>
      onOpen(call, 'FUSE_FSYNCDIR', path, fh, () => build.u64(fh).u32(datasync, 0)),
    release: (call, path: string, fh: number) => {
      onOpen(call, 'FUSE_RELEASE', path, fh, () => {
        openFiles.delete(fh);
        build.u64(fh, 0, 0);
      });
    },
    releasedir: (call, path: string, fh: number) => {
      onOpen(call, 'FUSE_RELEASEDIR', path, fh, () => {
        openDirectories.delete(fh);
        build.u64(fh, 0, 0);
      });
    },
    readdir: (call, path: string) => {
      onNode(path, call, (nodeid) => {
        const fh = [...openDirectories].find(([, opened]) => opened === nodeid)?.[0];
        if (fh === undefined) call.respond(-Errno.EBADF);
        else list(call, nodeid, fh, noListing(), 0);
      });
    },
    readlink: (call, path: string) => {
      onNode(path, call, (nodeid) => {
        build.start('FUSE_READLINK', nodeid);
        call.send((answer) => {
          if (answer.kind === 'data') call.respond(0, Buffer.from(answer.data).toString('utf8'));
          else call.respond(resultOf(answer));
        });
      });
    },
    mknod: (call, path: string, mode: number, rdev: number) =>
      make(call, 'FUSE_MKNOD', path, (name) => build.u32(mode, rdev, 0, 0).name(name)),
    mkdir: (call, path: string, mode: number) =>
      make(call, 'FUSE_MKDIR', path, (name) => build.u32(mode, 0).name(name)),
    symlink: (call, target: string, path: string) =>
      make(call, 'FUSE_SYMLINK', path, (name) => build.name(name).name(nameFromUtf8(target))),
    unlink: (call, path: string) => make(call, 'FUSE_UNLINK', path, (name) => build.name(name)),
    rmdir: (call, path: string) => make(call, 'FUSE_RMDIR', path, (name) => build.name(name)),
    link: (call, from: string, path: string) => {
      onNode(from, call, (oldnodeid) =>
        make(call, 'FUSE_LINK', path, (name) => build.u64(oldnodeid).name(name)),
      );
    },
    rename: (call, from: string, path: string) => {
      onParent(path, call, (newdir, newname) =>
        make(call, 'FUSE_RENAME', from, (name) => build.u64(newdir).name(name).name(newname)),
      );
    },
    setxattr: (call, path: string, name: string, value: Buffer, _position: number, flags: number) => {
      onNode(path, call, (nodeid) => {
        build.start('FUSE_SETXATTR', nodeid).u32(value.length, flags).name(nameFromUtf8(name)).data(value);
        call.send(done(call));
      });
    },
    getxattr: (call, path: string, name: string, room: Buffer) => {
      onNode(path, call, (nodeid) => {
        build.start('FUSE_GETXATTR', nodeid).u32(room.length, 0).name(nameFromUtf8(name));
        call.send(intoRoom(call, room));
      });
    },
    listxattr: (call, path: string, room: Buffer) => {
      onNode(path, call, (nodeid) => {
        build.start('FUSE_LISTXATTR', nodeid).u32(room.length, 0);
        call.send(intoRoom(call, room));
      });
    },
    removexattr: (call, path: string, name: string) => {
      onNode(path, call, (nodeid) => {
        build.start('FUSE_REMOVEXATTR', nodeid).name(nameFromUtf8(name));
        call.send(done(call));
      });
    },
  };
}
