/**
 * Network namespaces and whether a link in one is up: unshare(2), setns(2), and the ioctls of netdevice(7).  A
 * namespace is a thread's: what is asked for here is asked for in that of the caller's, and a program that it starts
 * begins there.
 */
import { close, OpenFlag, open } from './file.js';
import { declare, orErrno } from './libc.js';

const CLONE_NEWNET = 0x4000_0000;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
/** struct ifreq, and where its flags are. */
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;

const cUnshare = declare<(flags: number) => number>('int unshare(int flags)');
const cSetns = declare<(fd: number, kind: number) => number>('int setns(int fd, int nstype)');
const cSocket = declare<(domain: number, type: number, protocol: number) => number>(
  'int socket(int domain, int type, int protocol)',
);
const cIoctl = declare<(fd: number, request: number, word: Uint8Array) => number>(
  'int ioctl(int fd, unsigned long request, void *word)',
);

/** The calling thread gets a network namespace of its own. 0 or -errno. */
export function unshareNetwork(): number {
  return orErrno(cUnshare(CLONE_NEWNET));
}

/** The calling thread's own, to come back to: a descriptor, or -errno. */
export function openOwnNetwork(): number {
  return open('/proc/thread-self/ns/net', OpenFlag.O_RDONLY | OpenFlag.O_CLOEXEC);
}

/** 0 or -errno. */
export function enterNetwork(fd: number): number {
  return orErrno(cSetns(fd, CLONE_NEWNET));
}

/** Sets a link up or down, as `ip link set` does. 0 or -errno. */
export function setLinkUp(name: string, isUp: boolean): number {
  const socket = orErrno(cSocket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket < 0) return socket;
  try {
    const request = Buffer.alloc(IFREQ_BYTES);
    request.write(name, 0, IFNAMSIZ - 1, 'latin1');
    const read = orErrno(cIoctl(socket, SIOCGIFFLAGS, request));
    if (read < 0) return read;
    const flags = request.readInt16LE(IFNAMSIZ);
    request.writeInt16LE(isUp ? flags | IFF_UP : flags & ~IFF_UP, IFNAMSIZ);
    return orErrno(cIoctl(socket, SIOCSIFFLAGS, request));
  } finally {
    close(socket);
  }
}

/**
 * Sets a link up or down in a network namespace that is bound to a file, and comes back.
 * @returns 0 or -errno
 * @throws where there is no way back
 */
export function setLinkUpIn(namespace: string, name: string, isUp: boolean): number {
  const own = openOwnNetwork();
  if (own < 0) return own;
  const other = open(namespace, OpenFlag.O_RDONLY | OpenFlag.O_CLOEXEC);
  try {
    if (other < 0) return other;
    const entered = enterNetwork(other);
    if (entered < 0) return entered;
    const result = setLinkUp(name, isUp);
    const back = enterNetwork(own);
    if (back < 0) throw new Error(`setns(2) back to our network namespace: errno ${-back}`);
    return result;
  } finally {
    if (other >= 0) close(other);
    close(own);
  }
}
