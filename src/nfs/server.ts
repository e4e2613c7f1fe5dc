/**
 * The kernel's NFS server in the network namespace of the calling thread, without any of the programs that usually
 * speak for it: what they would be asked (rpc.mountd: who a client is, what is exported) is written into the kernel's
 * caches before anybody asks.  Version 4 only: it needs neither rpcbind nor lockd.
 * Authority: fs/nfsd/nfsctl.c, fs/nfsd/export.c (svc_export_parse, expkey_parse), net/sunrpc/svcauth_unix.c
 * (ip_map_parse), net/sunrpc/cache.c.
 */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { patient } from '../base/patience.js';

/** NFSEXP_ASYNC, NFSEXP_NOSUBTREECHECK, NFSEXP_FSID, NFSEXP_INSECURE_PORT (include/uapi/linux/nfsd/export.h). */
const exportFlags = 0x0010 | 0x0400 | 0x2000 | 0x0002;
/** FSID_NUM: of the filesystem that is version 4's root. */
const fsidNum = 1;
const domain = 'stuckfs';
const never = 0x7fff_ffff;
/** __nfsd4_write_time() takes no less; the default is 90. */
const LEAST_GRACE_SECONDS = 10;
const GRACE_DEADLINE_MS = patient(20_000);
const GRACE_POLL_MS = 100;

export interface CacheEntry {
  /** Below /proc/net/rpc. */
  readonly cache: string;
  readonly line: string;
}

/** What rpc.mountd would answer about this client and this directory, its root. */
export function cacheEntries(clientAddress: string, directory: string): readonly CacheEntry[] {
  const path = quoted(directory);
  return [
    { cache: 'auth.unix.ip', line: `nfsd ${clientAddress} ${never} ${domain}` },
    { cache: 'nfsd.export', line: `${domain} ${path} ${never} ${exportFlags} 65534 65534 0` },
    { cache: 'nfsd.fh', line: `${domain} ${fsidNum} \\x00000000 ${never} ${path}` },
  ];
}

/** As qword_get() reads it (net/sunrpc/cache.c): whatever would end a word is told by its octal number. */
function quoted(word: string): string {
  return word.replace(/[\s\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** What turns off every version but 4: `-3`. @param versions as the file has them: `-2 +3 +4 +4.1 -4.2` */
export function onlyVersion4(versions: string): string {
  const others = versions.split(/\s+/).filter((word) => /^[+-][23]$/.test(word));
  return [...others.map((word) => `-${word.slice(1)}`), '+4', '+4.1', '+4.2'].join(' ');
}

/** @param nfsd where the nfsd filesystem of this namespace is mounted */
export function serve(
  nfsd: string,
  { clientAddress, directory, port }: { clientAddress: string; directory: string; port: number },
): void {
  for (const { cache, line } of cacheEntries(clientAddress, directory))
    writeLine(`/proc/net/rpc/${cache}/channel`, line);
  writeLine(join(nfsd, 'versions'), onlyVersion4(readFileSync(join(nfsd, 'versions'), 'utf8')));
  writeLine(join(nfsd, 'nfsv4gracetime'), String(LEAST_GRACE_SECONDS));
  writeLine(join(nfsd, 'portlist'), `tcp ${port}`);
  writeLine(join(nfsd, 'threads'), '4');
}

/**
 * Until then every open(2) waits, and longer than that each time.  Nobody has anything to reclaim, so it is asked to
 * end now.  Where nobody keeps a record of clients (nfsdcld), a kernel that has nfsd4_force_end_grace() refuses, and
 * LEAST_GRACE_SECONDS have to pass.
 */
export async function endGrace(nfsd: string): Promise<void> {
  const path = join(nfsd, 'v4_end_grace');
  try {
    writeLine(path, 'Y');
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
  }
  const startedMs = performance.now();
  while (readFileSync(path, 'utf8').trim() !== 'Y') {
    if (performance.now() - startedMs > GRACE_DEADLINE_MS) throw new Error(`${path} is not Y`);
    await delay(GRACE_POLL_MS);
  }
}

/** One write(2): each is a command. */
function writeLine(path: string, line: string): void {
  try {
    const fd = openSync(path, constants.O_WRONLY);
    try {
      writeSync(fd, `${line}\n`);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new Error(`${path}: ${line}: ${(error as Error).message}`, { cause: error });
  }
}
