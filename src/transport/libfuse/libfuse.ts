/**
 * The transport over libfuse 2.9: its threads read /dev/fuse, take the requests apart and wait, one thread for each
 * request, until the main thread has answered.  Mounts too, as libfuse lets nobody else do it.
 * Owns the life of libfuse's session; knows nothing of files or faults.
 * Authority: lib/fuse.c, lib/fuse_loop_mt.c and lib/mount.c of libfuse 2.9.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Unique } from '../../base/branded.js';
import { Errno, errnoName } from '../../base/errno.js';
import { UsageError } from '../../base/errors.js';
import { readMountinfo } from '../../kernel/mountinfo.js';
import { ProtocolError } from '../../protocol/errors.js';
import { decodeRequest, type Negotiated, type Request } from '../../protocol/request.js';
import { closeOnExec, duplicate } from '../../syscall/file.js';
import { MNT_DETACH, UMOUNT_NOFOLLOW, umount2 } from '../../syscall/mount.js';
import { hasHungUp } from '../../syscall/poll.js';
import { FS_TYPE, type FuseMount, MountError } from '../fuse-mount.js';
import type { MountOptions } from '../mount-options.js';
import type { Capabilities, EndReason, RequestHandler, Transport } from '../transport.js';
import { type Binding, type NativeHandler, OPERATION_SLOTS, operationNames } from './binding.js';
import { beginCall } from './call.js';
import { LibfuseReplies, type Settle } from './libfuse-replies.js';
import { MessageBuilder } from './message.js';
import { type Names, operations } from './operations.js';
import { type LibfuseWishes, libfuseOptions, refuseForLibfuse } from './options.js';
import { LIBFUSE_MAX_BACKGROUND } from './session.js';

/** The one way to see the end: libfuse tells nobody. */
const LOOK_MS = 50;
/** sizeof(mnt) and sizeof(mntopts) of fuse_thread_t, each with its NUL. */
const LONGEST_WORD_BYTES = 1023;

export interface LibfuseOptions {
  readonly binding: Binding;
  readonly names: Names;
  readonly negotiated: () => Negotiated;
  /** A defect costs the operation that met it: it is answered EIO. */
  readonly onDefect: (error: unknown) => void;
}

export class Libfuse implements Transport {
  readonly capabilities: Capabilities = {
    name: 'libfuse',
    writebackCache: false,
    maxHeld: LIBFUSE_MAX_BACKGROUND,
    spliceRead: false,
    spliceWrite: false,
    move: false,
  };
  readonly pins = undefined;
  readonly replies = new LibfuseReplies();
  private readonly build = new MessageBuilder();
  private readonly thread: Buffer;
  /** The memory of libfuse's threads, which JavaScript must not collect. */
  private readonly kept: Buffer[] = [];
  private lastUnique = 0n;
  private session: { readonly mount: FuseMount; readonly libfuseFd: number } | undefined;

  constructor(private readonly options: LibfuseOptions) {
    this.thread = Buffer.alloc(options.binding.sizeof_fuse_thread_t);
  }

  /**
   * Mounts; from now on `handler` may be called.
   * @param mountPoint as for mountFuse()
   * @param onInit the kernel and libfuse have begun to talk
   * @throws {UsageError} for what libfuse cannot be asked for
   * @throws {MountError} where it refuses, whose reason it only prints
   */
  mount(
    mountPoint: string,
    mountOptions: MountOptions,
    wishes: LibfuseWishes,
    handler: RequestHandler,
    onInit: () => void,
  ): FuseMount {
    refuseForLibfuse(mountOptions);
    if (Buffer.byteLength(mountPoint) > LONGEST_WORD_BYTES) {
      throw new UsageError('MOUNTPOINT', mountPoint, `libfuse takes ${LONGEST_WORD_BYTES} bytes at most`);
    }
    const before = new Set(fuseDescriptors());
    this.callMount(mountPoint, libfuseOptions(mountOptions, wishes), this.handlers(handler, onInit));
    const libfuseFd = fuseDescriptors().find((fd) => !before.has(fd));
    const entry = readMountinfo().findLast((candidate) => candidate.mountPoint === mountPoint);
    if (libfuseFd === undefined || entry?.fsType !== FS_TYPE) {
      umount2(mountPoint, MNT_DETACH | UMOUNT_NOFOLLOW);
      this.letGo(mountPoint);
      throw new MountError(`libfuse mounted ${mountPoint}, but it cannot be found`, Errno.ENOENT);
    }
    // libfuse opens /dev/fuse without O_CLOEXEC: a child that held it would keep the connection when we die.
    closeOnExec(libfuseFd);
    const fd = duplicate(libfuseFd);
    if (fd < 0) {
      umount2(mountPoint, MNT_DETACH | UMOUNT_NOFOLLOW);
      this.letGo(mountPoint);
      throw new MountError(`fcntl(F_DUPFD_CLOEXEC): ${errnoName(-fd)}`, -fd);
    }
    const mount = { fd, mountPoint, connection: entry.minor, device: `${entry.major}:${entry.minor}` };
    this.session = { mount, libfuseFd };
    return mount;
  }

  /** By the numbers of the operations. */
  handlers(handler: RequestHandler, onInit: () => void): readonly (NativeHandler | undefined)[] {
    const { binding, names, onDefect } = this.options;
    const table = operations(names, this.build, onInit);
    const means = { binding, onDefect, send: (settle: Settle) => this.send(handler, settle) };
    const handlers: (NativeHandler | undefined)[] = [];
    for (const name of operationNames) {
      handlers[binding[`op_${name}`]] = (waiter, _op, ...words) => {
        const { call, run } = beginCall(name, waiter, words, means);
        run(() => table[name](call, ...words));
      };
    }
    return handlers;
  }

  private callMount(
    mountPoint: string,
    options: string,
    handlers: readonly (NativeHandler | undefined)[],
  ): void {
    const implemented = new Uint32Array(OPERATION_SLOTS);
    handlers.forEach((_, number) => {
      implemented[number] = 1;
    });
    const allocate = (bytes: number): Buffer => {
      const memory = Buffer.alloc(bytes);
      this.kept.push(memory);
      return memory;
    };
    try {
      this.options.binding.fuse_native_mount(
        mountPoint,
        options,
        this.thread,
        {},
        allocate,
        handlers,
        implemented,
      );
    } catch (error) {
      throw new MountError(`libfuse cannot mount ${mountPoint}: ${(error as Error).message}`, Errno.EINVAL);
    }
  }

  private send(handler: RequestHandler, settle: Settle): void {
    // Even, as the kernel's.
    this.lastUnique += 2n;
    const unique = this.lastUnique as Unique;
    const message = this.build.finish(unique);
    this.replies.expect(unique, settle);
    let request: Request;
    try {
      request = decodeRequest(message, this.options.negotiated());
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      handler.onBadMessage(error, unique);
      return;
    }
    handler.onRequest(request, message);
    handler.onIdle();
  }

  /** Resolves when the connection has ended and libfuse's threads with it. */
  async serve(): Promise<EndReason> {
    const { session } = this;
    if (session === undefined) throw new Error('not mounted');
    const { mount, libfuseFd } = session;
    while (!hasHungUp(mount.fd)) await sleep(LOOK_MS);
    const isMounted = readMountinfo().some(({ major, minor }) => `${major}:${minor}` === mount.device);
    // Nobody waits for these in the kernel any more, but a thread of libfuse for each.
    this.replies.abandon(Errno.ENOTCONN);
    // The session's thread has waited for the others before it closes this.
    while (isFuseDescriptor(libfuseFd)) {
      await sleep(LOOK_MS);
      this.replies.abandon(Errno.ENOTCONN);
    }
    this.letGo(mount.mountPoint);
    return isMounted ? 'aborted' : 'unmounted';
  }

  /** For a session that does not end: it keeps this process alive no longer. */
  giveUp(): void {
    if (this.session !== undefined) this.letGo(this.session.mount.mountPoint);
  }

  /** Lets go of the event loop, which libfuse would otherwise keep going. */
  private letGo(mountPoint: string): void {
    this.options.binding.fuse_native_unmount(mountPoint, this.thread);
  }
}

function fuseDescriptors(): number[] {
  return readdirSync('/proc/self/fd').map(Number).filter(isFuseDescriptor);
}

function isFuseDescriptor(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === '/dev/fuse';
  } catch {
    return false;
  }
}
