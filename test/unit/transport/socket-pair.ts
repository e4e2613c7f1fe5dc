/**
 * A pair of descriptors that stands in for /dev/fuse where only bytes and the loop matter: one read(2) gives one
 * whole message, one write(2) sends one.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { close, read, write } from '../../../src/syscall/file.js';
import { declare, orErrno } from '../../../src/syscall/libc.js';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

const cSocketpair = declare<(domain: number, type: number, protocol: number, fds: Int32Array) => number>(
  'int socketpair(int domain, int type, int protocol, void *fds)',
);

export class SocketPair {
  private readonly open = new Set<number>();
  /** The server's end. */
  readonly fd: number;
  /** The kernel's end. */
  private readonly peer: number;

  constructor(t: TestContext) {
    const fds = new Int32Array(2);
    const type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
    assert.equal(orErrno(cSocketpair(AF_UNIX, type, 0, fds)), 0);
    [this.fd = -1, this.peer = -1] = fds;
    this.open.add(this.fd).add(this.peer);
    t.after(() => {
      for (const fd of this.open) close(fd);
    });
  }

  /** Puts one message into the server's queue. */
  send(message: Uint8Array): void {
    assert.equal(write(this.peer, message), message.length);
  }

  /** The next message that the server has written; undefined when there is none. */
  receive(): Buffer | undefined {
    const into = Buffer.alloc(1 << 18, 0xee);
    const length = read(this.peer, into);
    return length < 0 ? undefined : into.subarray(0, length);
  }

  /** What the server writes from now on is refused. */
  closePeer(): void {
    this.open.delete(this.peer);
    close(this.peer);
  }
}
