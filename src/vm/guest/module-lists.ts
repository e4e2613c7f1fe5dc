/**
 * What depmod(8) wrote about a kernel's modules, and which of them a guest gets in which order.  Pure: texts in, names
 * out.  Names are the kernel's, with `_` for `-`.
 * Authority: modules.dep(5); modprobe.d(5) for soft dependencies.
 */

export interface ModuleTexts {
  readonly dep: string;
  readonly builtin: string;
  readonly alias: string;
  readonly softdep: string;
}

export interface Module {
  readonly name: string;
  /** Below the modules' directory, as it is there: `kernel/fs/xfs/xfs.ko.xz`. */
  readonly path: string;
  /** Names of all that it needs. */
  readonly needs: readonly string[];
}

export interface ModuleLists {
  readonly modules: ReadonlyMap<string, Module>;
  readonly builtin: ReadonlySet<string>;
  /** What is to be loaded before, if it is there at all. */
  readonly softBefore: ReadonlyMap<string, readonly string[]>;
  /** The lines of modules.alias, by the module that they name. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

/** `kernel/drivers/block/virtio_blk.ko.xz` is `virtio_blk`. */
export function moduleName(path: string): string {
  return path
    .replace(/^.*\//, '')
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}

export function parseModuleLists({ dep, builtin, alias, softdep }: ModuleTexts): ModuleLists {
  const modules = new Map<string, Module>();
  for (const line of dep.split('\n')) {
    const [path = '', needs = ''] = line.split(':');
    if (!path.includes('.ko')) continue;
    const name = moduleName(path);
    modules.set(name, { name, path, needs: words(needs).map(moduleName) });
  }
  const aliases = new Map<string, string[]>();
  for (const line of alias.split('\n')) {
    const [keyword, pattern, module] = line.split(' ');
    if (keyword !== 'alias' || pattern === undefined || module === undefined) continue;
    const name = moduleName(module);
    aliases.set(name, [...(aliases.get(name) ?? []), line]);
  }
  const softBefore = new Map<string, string[]>();
  for (const line of softdep.split('\n')) {
    const [keyword, module, ...rest] = words(line);
    if (keyword !== 'softdep' || module === undefined) continue;
    const name = moduleName(module);
    softBefore.set(name, [...(softBefore.get(name) ?? []), ...before(rest).map(moduleName)]);
  }
  return { modules, builtin: new Set(words(builtin).map(moduleName)), softBefore, aliases };
}

/** `pre: a b post: c` names a and b. */
function before(rest: readonly string[]): string[] {
  let isBefore = false;
  return rest.filter((word) => {
    if (!word.endsWith(':')) return isBefore;
    isBefore = word === 'pre:';
    return false;
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** These and what they need, each once and after all that it needs; names that are no module are left out. */
export function inOrder(names: readonly string[], { modules, softBefore }: ModuleLists): Module[] {
  const done = new Set<string>();
  const order: Module[] = [];
  const take = (name: string): void => {
    const module = modules.get(name);
    if (module === undefined || done.has(name)) return;
    done.add(name);
    for (const one of softBefore.get(name) ?? []) take(one);
    // modules.dep has first what is needed last.
    for (const one of [...module.needs].reverse()) take(one);
    order.push(module);
  };
  for (const name of names) take(name);
  return order;
}

/** What modprobe of the guest reads, for these modules alone, decompressed. */
export function textsFor(
  chosen: readonly Module[],
  { aliases, modules }: ModuleLists,
): Pick<ModuleTexts, 'dep' | 'alias'> {
  const plain = (path: string) => path.replace(/\.ko\.\w+$/, '.ko');
  const pathOf = (name: string) => plain(modules.get(name)?.path ?? name);
  const dep = chosen.map(({ path, needs }) => [`${plain(path)}:`, ...needs.map(pathOf)].join(' '));
  const alias = chosen.flatMap(({ name }) => aliases.get(name) ?? []);
  return { dep: lines(dep), alias: lines(alias) };
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
