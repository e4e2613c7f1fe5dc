/**
 * `--kernel PATH [--modules DIR]`: a kernel of one's own.  The release is the image's own word, and modules must be
 * of that release by their vermagic; nothing is copied, and nothing is written beside them.
 */
import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../../base/errors.js';
import type { GuestKernel } from '../kernel.js';
import { runTool, type Tool, type ToolOptions } from '../tool.js';
import { readImageHeader } from './unpack.js';

const modinfo: Tool = {
  name: 'modinfo',
  debianPackage: 'kmod',
  neededFor: 'see of which release modules are',
};
const moduleName = /\.ko(?:\.(?:gz|xz|zst))?$/;

interface FileOptions extends ToolOptions {
  readonly modules?: string | undefined;
}

/** @throws {UsageError} */
export async function findKernelFile(name: string, file: string, options: FileOptions): Promise<GuestKernel> {
  refuseUnreadable(name, file);
  const image = resolve(file);
  const header = readImageHeader(image);
  if (header.kind === 'other')
    throw new UsageError('--kernel', name, `is ${header.is}; a bzImage for x86-64 is needed`);
  const { release } = header;
  const modules =
    options.modules === undefined
      ? installedModules(image, release)
      : await givenModules(options.modules, release, options);
  return { name, release, image, modules, config: configOf(image, release), source: { kind: 'path' } };
}

/** @throws {UsageError} for what is no file that can be read */
export function refuseUnreadable(name: string, file: string): { readonly sizeBytes: number } {
  try {
    const status = statSync(file);
    if (!status.isFile())
      throw new UsageError('--kernel', name, 'is no file; give the path of a bzImage or a .deb');
    accessSync(file, constants.R_OK);
    return { sizeBytes: status.size };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const hint =
      code === 'ENOENT' ? 'no such file; Debian kernels are named debian:6.12' : `cannot be read (${code})`;
    throw new UsageError('--kernel', name, hint, { cause: error });
  }
}

/** An installed kernel's own: /boot/vmlinuz-RELEASE has its modules in /lib/modules/RELEASE. */
function installedModules(image: string, release: string): string | undefined {
  const boot = dirname(image);
  if (basename(boot) !== 'boot' || basename(image) !== `vmlinuz-${release}`) return undefined;
  return ['lib/modules', 'usr/lib/modules']
    .map((tree) => join(dirname(boot), tree, release))
    .find((directory) => existsSync(join(directory, 'modules.dep')));
}

/** The directory itself, or the INSTALL_MOD_PATH that it lies in. */
async function givenModules(given: string, release: string, options: FileOptions): Promise<string> {
  const refuse = (why: string) => new UsageError('--modules', given, why);
  const directory = moduleDirectory(given, release, refuse);
  const sample = firstModule(directory);
  if (sample === undefined)
    throw refuse('holds no modules; give the directory that `make modules_install` made');
  const end = await runTool(modinfo, ['-F', 'vermagic', sample], options);
  const found = end.status === 0 ? end.stdout.trim().split(' ')[0] : basename(directory);
  if (found !== release)
    throw refuse(`are modules of ${found || 'an unknown release'}, and the kernel is ${release}`);
  if (!existsSync(join(directory, 'modules.dep')))
    throw refuse(`has no modules.dep; run depmod -b INSTALL_MOD_PATH ${release}`);
  return directory;
}

function moduleDirectory(given: string, release: string, refuse: (why: string) => UsageError): string {
  let root: string;
  try {
    root = realpathSync(given);
    if (!statSync(root).isDirectory()) throw refuse('is no directory');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw refuse(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const trees = ['', 'lib/modules', 'usr/lib/modules'].map((tree) => join(root, tree));
  const own = trees.map((tree) => join(tree, release)).find((directory) => existsSync(directory));
  if (own !== undefined) return realpathSync(own);
  const [other] = trees.slice(1).flatMap((tree) => (existsSync(tree) ? readdirSync(tree) : []));
  if (other !== undefined) throw refuse(`are modules of ${other}, and the kernel is ${release}`);
  return root;
}

function firstModule(directory: string): string | undefined {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isFile() && moduleName.test(entry.name)) return path;
    const inner = entry.isDirectory() ? firstModule(path) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Beside an installed kernel, or in the tree it was built in unless that was configured anew since. */
function configOf(image: string, release: string): string | undefined {
  const beside = join(dirname(image), `config-${release}`);
  if (existsSync(beside)) return beside;
  if (!image.endsWith('/arch/x86/boot/bzImage')) return undefined;
  const built = resolve(dirname(image), '../../../.config');
  return existsSync(built) && statSync(built).mtimeMs <= statSync(image).mtimeMs ? built : undefined;
}
