/**
 * A server and a client of NFS that are two machines to each other: two network namespaces with a veth pair between
 * them.  This process begins in the server's (through unshare(1)) and lives in the client's; nothing else has to run.
 * What it mounts it mounts where it is told, in everybody's mount namespace; the runner has written all of it down.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { serveCommands } from '../base/child-port.js';
import { Errno, errnoName } from '../base/errno.js';
import { MNT_FORCE, MountFlag, mount, UMOUNT_NOFOLLOW, umount2 } from '../syscall/mount.js';
import { setLinkUpIn, unshareNetwork } from '../syscall/network.js';
import { dieWithParent } from '../syscall/process.js';
import { endGrace, serve } from './server.js';
import { mountOptions } from './soft-mount.js';

const SIGKILL = 9;
dieWithParent(SIGKILL);

const port = 2049;
/** Of TEST-NET-1 (RFC 5737): nobody else has them. */
const serverAddress = '192.0.2.1';
const clientAddress = '192.0.2.2';

interface Places {
  /** A file that the server's namespace is bound to. */
  readonly netns: string;
  /** Directories: the nfsd filesystem, what is exported, and the mount of it. */
  readonly nfsd: string;
  readonly exported: string;
  readonly mountPoint: string;
  /** Of the server's end of the pair. */
  readonly link: string;
}

let places: Places | undefined;

function mounted(result: number, what: string): void {
  if (result < 0) throw new Error(`${what}: ${errnoName(-result)}`);
}

/** @param words of a program that reads from standard input */
function run(program: string, words: readonly string[], input: string): void {
  const { error, status, stderr } = spawnSync(program, words, { input, encoding: 'utf8' });
  if (error !== undefined) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr.trim()}`);
}

serveCommands({
  /** The server, and the link to where this process then is. @param exportBytes how large what is exported may be */
  serve(words: Places & { readonly exportBytes: number }) {
    places = words;
    const { netns, nfsd, exported, link, exportBytes } = words;
    const flags = MountFlag.MS_NOSUID | MountFlag.MS_NODEV | MountFlag.MS_NOEXEC;
    writeFileSync(netns, '', { flag: 'wx', mode: 0o600 });
    mounted(mount('/proc/self/ns/net', netns, '', MountFlag.MS_BIND, ''), 'the network namespace');
    mounted(mount('stuckfs', exported, 'tmpfs', flags, `size=${exportBytes},mode=0700`), 'tmpfs');
    mounted(mount('stuckfs', nfsd, 'nfsd', flags, ''), 'the nfsd filesystem');
    // Else to look for rpcbind takes its time.
    run('ip', ['link', 'set', 'lo', 'up'], '');
    serve(nfsd, { clientAddress, directory: exported, port });
    mounted(unshareNetwork(), 'a network namespace');
    run(
      'nsenter',
      [`--net=${netns}`, 'ip', '-batch', '-'],
      [
        `link add ${link} type veth peer name client netns ${process.pid}`,
        `addr add ${serverAddress}/30 dev ${link}`,
        `link set ${link} up`,
        '',
      ].join('\n'),
    );
    run(
      'ip',
      ['-batch', '-'],
      `link set lo up\naddr add ${clientAddress}/30 dev client\nlink set client up\n`,
    );
  },
  /**
   * @param giveUpMs after which the kernel ends by itself, with an error, whatever waits for the server: whoever should
   * have set the link up again is dead by then
   */
  async mount({ giveUpMs }: { giveUpMs: number }) {
    const { nfsd, mountPoint } = known();
    const flags = MountFlag.MS_NOSUID | MountFlag.MS_NODEV | MountFlag.MS_NOEXEC | MountFlag.MS_NOATIME;
    const options = mountOptions({ serverAddress, clientAddress, port, giveUpMs });
    const result = mount(`${serverAddress}:/`, mountPoint, 'nfs4', flags, options);
    if (result < 0) throw new Error(`mount of NFS: ${errnoName(-result)} (${options})`);
    await endGrace(nfsd);
  },
  /** CLOCK_MONOTONIC just before. */
  setLinkUp({ isUp }: { isUp: boolean }) {
    const { netns, link } = known();
    const askedNs = Number(process.hrtime.bigint());
    mounted(setLinkUpIn(netns, link, isUp), `the link ${link}`);
    return { askedNs };
  },
  /**
   * While the server can be asked: it is told, and may take its time.
   * @param force what waits for the server ends with an error
   * @returns 0 or -errno
   */
  unmount({ force }: { force: boolean }) {
    const result = umount2(known().mountPoint, force ? UMOUNT_NOFOLLOW | MNT_FORCE : UMOUNT_NOFOLLOW);
    // Nothing is mounted there.
    return { result: result === -Errno.EINVAL ? 0 : result };
  },
});

function known(): Places {
  if (places === undefined) throw new Error('serve comes first');
  return places;
}
