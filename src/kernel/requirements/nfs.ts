/**
 * Requirements of a scenario with the kernel's own NFS server and client: both, veth pairs, and the programs that set
 * them up.
 * Authority: fs/filesystems.c; modules.dep(5); net/sunrpc/rpcb_clnt.c (rpcb_create_local_unix).
 */
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { readKernelFile, readKernelFileIfPresent } from '../kernel-file.js';
import { readMountinfo } from '../mountinfo.js';
import { findProgram } from './programs.js';
import { type Finding, lookAt, missing, ok, type Requirement } from './requirement.js';

/** Loaded, built in, or a module that mount(2) and ip(8) have the kernel load. */
export function checkNfs(filesystems: string, modules: string): Finding {
  const has = (filesystem: string, module: string) =>
    filesystems.split('\n').some((line) => line.endsWith(`\t${filesystem}`)) ||
    new RegExp(`/${module}\\.ko\\b`).test(modules);
  const lacking = [
    ...(has('nfs4', 'nfsv4') ? [] : ['a client of NFS 4 (CONFIG_NFS_V4_2)']),
    ...(has('nfsd', 'nfsd') ? [] : ['a server of NFS 4 (CONFIG_NFSD_V4)']),
  ];
  return lacking.length === 0
    ? ok('client and server of NFS 4')
    : missing(`this kernel lacks ${lacking.join(' and ')}`, 'a kernel with them: run it in a VM');
}

const programs = ['ip', 'unshare', 'nsenter'];

/** @param find the file of a program, if there is one */
export function checkNetworkPrograms(find: (name: string) => string | undefined): Finding {
  const absent = programs.filter((name) => find(name) === undefined);
  return absent.length === 0
    ? ok(programs.join(', '))
    : missing(`not in PATH: ${absent.join(', ')}`, 'apt-get install iproute2 util-linux');
}

function moduleLists(): string {
  const directory = `/lib/modules/${release()}`;
  return ['modules.dep', 'modules.builtin']
    .map((name) => readKernelFileIfPresent(`${directory}/${name}`) ?? '')
    .join('\n');
}

export const nfsRequirements: readonly Requirement[] = [
  {
    requirement: 'NFS',
    neededFor: ['nfs'],
    check: () =>
      lookAt('procfs at /proc', () => checkNfs(readKernelFile('/proc/filesystems'), moduleLists())),
  },
  {
    requirement: 'no rpcbind',
    neededFor: ['nfs'],
    // The kernel's server tells it to forget this machine's own NFS server, whatever network namespace it is in.
    check: () =>
      existsSync('/run/rpcbind.sock')
        ? missing('/run/rpcbind.sock is there', 'run it in a VM: a server started here would disturb it')
        : ok('none runs here'),
  },
  {
    requirement: 'programs for network namespaces',
    neededFor: ['nfs'],
    check: () =>
      checkNetworkPrograms((name) => findProgram(name, process.env['PATH'] ?? '', readMountinfo())),
  },
];
