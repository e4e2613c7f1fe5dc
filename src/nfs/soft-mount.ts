/**
 * The options of the NFS mount, above all after how long it gives up (`soft`): whoever should have set the link up
 * again is dead by then.
 * Authority: nfs_init_timeout_values() in fs/nfs/client.c; xprt_calc_majortimeo() in net/sunrpc/xprt.c;
 * rpc_check_timeout() in net/sunrpc/clnt.c.
 */

/** So that each WRITE covers part of the set only. */
const writeBytes = 65_536;
/** NFS_MAX_TCP_TIMEOUT: a request waits no longer, whatever it is told (include/linux/nfs_fs.h). */
const MOST_MS = 600_000;

/**
 * With retrans=1 the time of a request is up after two of `timeo`.  One of NFS 4 that has been sent fails then only if
 * the connection is broken by then: TCP breaks it after the lease time with the link down
 * (xs_tcp_set_connect_timeout() in net/sunrpc/xprtsock.c).  So no request fails before `giveUpMs` is over.
 */
export function timeoFor(giveUpMs: number): number {
  return Math.max(1, Math.ceil(Math.min(giveUpMs, MOST_MS) / 2 / 100));
}

export function mountOptions(words: {
  readonly serverAddress: string;
  readonly clientAddress: string;
  readonly port: number;
  readonly giveUpMs: number;
}): string {
  return [
    'vers=4.2',
    'proto=tcp',
    `port=${words.port}`,
    `addr=${words.serverAddress}`,
    `clientaddr=${words.clientAddress}`,
    'sec=sys',
    'soft',
    // In tenths of a second.
    `timeo=${timeoFor(words.giveUpMs)}`,
    'retrans=1',
    `rsize=${writeBytes}`,
    `wsize=${writeBytes}`,
    'nosharecache',
  ].join(',');
}
