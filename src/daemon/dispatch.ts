/**
 * From a request to its answer: a handler for each opcode, the session, and the little that the engine needs of
 * both.  Knows nothing of faults.
 */
import type { NodeId, Unique } from '../base/branded.js';
import { Errno } from '../base/errno.js';
import type { Status } from '../control/contract/status.js';
import { Fopen } from '../protocol/flags.js';
import { InitFlags } from '../protocol/init-flags.js';
import { type ByteName, displayName } from '../protocol/name.js';
import { Opcode } from '../protocol/opcode.js';
import { type Negotiated, notNegotiated, type Request } from '../protocol/request.js';
import type { WriteRequest } from '../protocol/request-io.js';
import { FUSE_KERNEL_VERSION, type InitRequest } from '../protocol/request-session.js';
import { isFailure, type Result } from '../store/failure.js';
import type { Store } from '../store/store.js';
import type { Replies } from '../transport/replies.js';
import type { DaemonConfig } from './config.js';
import { attributeHandlers } from './handlers/attributes.js';
import { directoryHandlers } from './handlers/directories.js';
import { applyWrite, fileHandlers, releaseFile } from './handlers/files.js';
import type { Handler, HandlerContext } from './handlers/handler.js';
import { lockHandlers } from './handlers/locks.js';
import { nameHandlers } from './handlers/names.js';
import { xattrHandlers } from './handlers/xattrs.js';
import { negotiate, type Session } from './session.js';

export interface DispatchOptions {
  readonly store: Store;
  readonly replies: Replies;
  readonly config: DaemonConfig;
  /** What INIT settled, where the transport answers it itself. */
  readonly session?: Session;
  readonly onInitialised: () => void;
  readonly log: (level: 'warn' | 'error' | 'debug', text: string) => void;
}

/** By opcode; one that is not here is answered ENOSYS, and the kernel does not ask again. */
const handlers: readonly (Handler<never> | undefined)[] = (() => {
  const table: (Handler<never> | undefined)[] = [];
  const families = [
    nameHandlers,
    attributeHandlers,
    fileHandlers,
    directoryHandlers,
    xattrHandlers,
    lockHandlers,
    {
      [Opcode.FUSE_FORGET]: forget,
      [Opcode.FUSE_BATCH_FORGET]: batchForget,
      [Opcode.FUSE_SYNCFS]: (request: Request, { replies }: HandlerContext) => replies.empty(request.unique),
      [Opcode.FUSE_DESTROY]: (request: Request, { replies }: HandlerContext) => replies.empty(request.unique),
      // ENOSYS would say that the server has no ioctl at all; ENOTTY is what filesystems answer to an unknown one.
      [Opcode.FUSE_IOCTL]: (request: Request, { replies }: HandlerContext) =>
        replies.error(request.unique, Errno.ENOTTY),
    },
  ];
  for (const family of families) {
    for (const [opcode, handler] of Object.entries(family)) table[Number(opcode)] = handler as Handler<never>;
  }
  return table;
})();

function forget(request: { nodeid: NodeId; nlookup: number }, { store }: HandlerContext): void {
  store.forget(request.nodeid, request.nlookup);
}

function batchForget(
  request: { items: readonly { nodeid: NodeId; nlookup: number }[] },
  { store }: HandlerContext,
): void {
  for (const { nodeid, nlookup } of request.items) store.forget(nodeid, nlookup);
}

export class Dispatch {
  private session: Session | undefined;
  private readonly context: HandlerContext;

  constructor(private readonly options: DispatchOptions) {
    const { store, replies, config } = options;
    this.session = options.session;
    this.context = {
      store,
      replies,
      lockWaits: new Map(),
      validity: {
        attr_valid: Math.floor(config.attrTimeoutMs / 1000),
        attr_valid_nsec: (config.attrTimeoutMs % 1000) * 1_000_000,
        entry_valid: Math.floor(config.entryTimeoutMs / 1000),
        entry_valid_nsec: (config.entryTimeoutMs % 1000) * 1_000_000,
      },
      // Nobody but this kernel is expected to change the files, in a backing directory too.  Without it, OPEN would drop the clean folios and wait for those
      // under writeback: a held file could not even be opened.
      openFlags: Fopen.FOPEN_KEEP_CACHE | (config.noFlush ? Fopen.FOPEN_NOFLUSH : 0),
    };
  }

  get negotiated(): Negotiated {
    return this.session ?? notNegotiated;
  }

  handle(request: Request): void {
    if (request.opcode === Opcode.FUSE_INIT) {
      this.init(request);
      return;
    }
    const handler = handlers[request.opcode];
    if (handler !== undefined) handler(request as never, this.context);
    else if (request.opcode !== Opcode.FUSE_NOTIFY_REPLY) this.replyError(request.unique, Errno.ENOSYS);
  }

  private init(request: InitRequest): void {
    const { replies, config, log, onInitialised } = this.options;
    if (request.major > FUSE_KERNEL_VERSION) {
      replies.initMajor(request.unique);
      return;
    }
    const session = negotiate(request, config);
    if (session === undefined) {
      log('error', `the kernel speaks FUSE ${request.major}.${request.minor}; 7.31 or later is needed`);
      replies.error(request.unique, Errno.EPROTO);
      return;
    }
    this.session = session;
    replies.init(request.unique, {
      minor: session.minor,
      max_readahead: session.maxReadaheadBytes,
      flags: session.flags,
      max_background: session.maxBackground,
      congestion_threshold: session.congestionThreshold,
      max_write: session.maxWriteBytes,
      time_gran: 1,
      max_pages: session.maxPages,
      map_alignment: 0,
      max_stack_depth: 0,
      request_timeout: 0,
    });
    onInitialised();
  }

  /** Bytes written, or -errno. */
  applyWrite(request: WriteRequest): Result<number> {
    return applyWrite(request, this.options.store);
  }

  replyWrite(unique: Unique, sizeBytes: number): void {
    this.options.replies.write(unique, sizeBytes);
  }

  /**
   * Answers with an errno and carries nothing out, except that a handle is let go of: the kernel does so too.
   * @param errno positive
   */
  refuse(request: Request, errno: number): void {
    if (request.opcode === Opcode.FUSE_RELEASE || request.opcode === Opcode.FUSE_RELEASEDIR) {
      releaseFile(request, this.options.store);
    }
    this.replyError(request.unique, errno);
  }

  /** @param errno positive */
  replyError(unique: Unique, errno: number): void {
    this.options.replies.error(unique, errno);
  }

  /** Path inside the mount, for faults and people; undefined for an inode without a name. */
  pathOf(nodeid: number): string | undefined {
    const path = this.options.store.pathOf(nodeid as NodeId);
    return path === undefined ? undefined : displayName(path as ByteName);
  }

  protocolStatus(): Status['protocol'] {
    const { session } = this;
    const flags = session?.flags ?? 0n;
    return {
      major: session?.major ?? 0,
      minor: session?.minor ?? 0,
      flags: Object.entries(InitFlags).flatMap(([name, bit]) => ((flags & bit) === 0n ? [] : [name])),
      maxWriteBytes: session?.maxWriteBytes ?? 0,
      maxPages: session?.maxPages ?? 0,
      maxBackground: session?.maxBackground ?? 0,
      congestionThreshold: session?.congestionThreshold ?? 0,
      maxReadaheadBytes: session?.maxReadaheadBytes ?? 0,
    };
  }

  storeStatus(): Status['store'] {
    const { store, config } = this.options;
    const status = store.statfs();
    const { nrInodes, usedBytes } = store.counters();
    return {
      kind: store.kind,
      directory: config.backing ?? null,
      usedBytes,
      maxBytes: isFailure(status) ? 0 : status.blocks * status.blockSize,
      inodes: nrInodes,
      maxInodes: store.kind === 'memory' ? config.maxInodes : null,
      failure: store.failure ?? null,
    };
  }
}
