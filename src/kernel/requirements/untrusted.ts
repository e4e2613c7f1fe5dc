/**
 * Requirements of a mount by an unprivileged user in a user namespace of its own: that the machine lets users have
 * one, the programs that lead there, the device, and a checkout that the user can read.
 * Authority: user_namespaces(7), kernel/ucount.c, security/apparmor/lsm.c (apparmor_userns_create).
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readKernelFileIfPresent } from '../kernel-file.js';
import { readMountinfo } from '../mountinfo.js';
import { readProcStatus } from '../proc-status.js';
import { findProgram } from './programs.js';
import { type Finding, lookAt, missing, ok, type Requirement } from './requirement.js';

/** The texts of the files below /proc/sys; undefined where there is none. */
export interface UserNamespaceSettings {
  readonly maxUserNamespaces: string | undefined;
  /** Debian's. */
  readonly unprivilegedUsernsClone: string | undefined;
  readonly apparmorRestrictUnprivilegedUserns: string | undefined;
}

export function checkUserNamespaces(settings: UserNamespaceSettings): Finding {
  const { maxUserNamespaces, unprivilegedUsernsClone, apparmorRestrictUnprivilegedUserns } = settings;
  const most = maxUserNamespaces?.trim();
  if (most === undefined) return missing('none in this kernel', 'a kernel with CONFIG_USER_NS=y');
  if (most === '0') {
    return missing('user.max_user_namespaces is 0', 'sysctl user.max_user_namespaces=1000');
  }
  if (unprivilegedUsernsClone?.trim() === '0') {
    return missing(
      'kernel.unprivileged_userns_clone is 0',
      'sysctl kernel.unprivileged_userns_clone=1, for as long as it is needed',
    );
  }
  if ((apparmorRestrictUnprivilegedUserns?.trim() ?? '0') !== '0') {
    return missing(
      'kernel.apparmor_restrict_unprivileged_userns is on: they give no rights inside either',
      'sysctl kernel.apparmor_restrict_unprivileged_userns=0, for as long as it is needed',
    );
  }
  return ok(`for unprivileged users, up to ${most}`);
}

const programs = ['unshare', 'nsenter', 'setpriv', 'mount', 'umount', 'mknod'];

/** @param find the file of a program, if there is one */
export function checkPrograms(find: (name: string) => string | undefined): Finding {
  const absent = programs.filter((name) => find(name) === undefined);
  return absent.length === 0
    ? ok(programs.join(', '))
    : missing(`not in PATH: ${absent.join(', ')}`, 'apt-get install util-linux mount coreutils');
}

/** Bit of include/uapi/linux/capability.h. */
const CAP_MKNOD = 27n;

export function checkDeviceNode(capEff: bigint): Finding {
  return ((capEff >> CAP_MKNOD) & 1n) === 1n
    ? ok('can be made for the user')
    : missing('cannot be made: no CAP_MKNOD', 'run as root; in a container, --privileged');
}

export interface FileMode {
  readonly mode: number;
  readonly isDirectory: boolean;
}

/**
 * @param paths absolute; each is wanted with everything above it
 * @param lookAtFile throws what stat(2) says
 */
export function checkReadableByOthers(
  paths: readonly string[],
  lookAtFile: (path: string) => FileMode,
): Finding {
  for (const path of paths) {
    // The user's namespace has another filesystem there (scenario/untrusted-namespaces.ts).
    if (path.startsWith('/run/')) return missing(`${path} is below /run`, 'put it somewhere else');
    for (let above = path; ; above = dirname(above)) {
      const { mode, isDirectory } = lookAtFile(above);
      const wanted = isDirectory ? 0o001 : 0o004;
      if ((mode & wanted) !== wanted) {
        const remedy = `chmod o+${isDirectory ? 'x' : 'r'} ${above}, or put it where others may read it`;
        return missing(`user 65534 may not read ${above}`, remedy);
      }
      if (above === '/') break;
    }
  }
  return ok('node and this program');
}

function sysctl(name: string): string | undefined {
  return readKernelFileIfPresent(`/proc/sys/${name}`);
}

export const untrustedRequirements: readonly Requirement[] = [
  {
    requirement: 'user namespaces',
    neededFor: ['untrusted'],
    check: () =>
      checkUserNamespaces({
        maxUserNamespaces: sysctl('user/max_user_namespaces'),
        unprivilegedUsernsClone: sysctl('kernel/unprivileged_userns_clone'),
        apparmorRestrictUnprivilegedUserns: sysctl('kernel/apparmor_restrict_unprivileged_userns'),
      }),
  },
  {
    requirement: 'programs for namespaces',
    neededFor: ['untrusted'],
    check: () => {
      const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`;
      const entries = readMountinfo();
      return checkPrograms((name) => findProgram(name, path, entries));
    },
  },
  {
    requirement: 'device node for others',
    neededFor: ['untrusted'],
    check: () => checkDeviceNode(readProcStatus('self').capEff),
  },
  {
    requirement: 'readable by others',
    neededFor: ['untrusted'],
    check: () =>
      lookAt('put it where others may read it', () =>
        checkReadableByOthers(
          [process.execPath, fileURLToPath(import.meta.url), fileURLToPath(import.meta.resolve('koffi'))],
          (path) => {
            const stats = statSync(path);
            return { mode: stats.mode, isDirectory: stats.isDirectory() };
          },
        ),
      ),
  },
];
