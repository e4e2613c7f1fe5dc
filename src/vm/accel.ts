/**
 * Which accelerator a guest gets. KVM only after a guest has really booted with it on this machine: /dev/kvm may be
 * there and open, and yet run nothing. What a boot has shown is kept in the cache directory, by QEMU's version and
 * the host's kernel; a failure until the host boots again, as it may be set up otherwise then.
 */
import { createHash } from 'node:crypto';
import { access, constants, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../base/errors.js';
import { type Accel, qemuWords } from './qemu/command-line.js';
import { ConsoleWatch } from './qemu/console-watch.js';
import { onHalt } from './qemu/on-halt.js';
import { probeInitramfs, probeWord } from './qemu/probe-init.js';
import { findQemu, type QemuProgram } from './qemu/program.js';
import { type QemuProcess, startQemu } from './qemu/qemu-process.js';

export type AccelWish = Accel | 'auto';

export interface AccelChoice {
  readonly accel: Accel;
  /** Why it is this one, for the record. */
  readonly because: string;
}

export interface AccelOptions {
  /** The cache directory. */
  readonly cache: string;
  /** bzImage of the kernel at hand. */
  readonly kernelImage: string;
  readonly signal: AbortSignal;
}

/** What a boot with KVM has shown. */
export interface Probed {
  readonly works: boolean;
  /** One line. */
  readonly seen: string;
}

/** To the first line of init, which takes a second where KVM works. */
const probeMs = 20_000;
const probeShape = { memoryMiB: 256, cpus: 1, numaNodes: 1 } as const;

/**
 * @throws {UsageError} for `kvm` where it does not work
 * @throws {VmError} VM_QEMU where there is no QEMU
 */
export async function chooseAccel(wish: AccelWish, options: AccelOptions): Promise<AccelChoice> {
  if (wish === 'tcg') return { accel: 'tcg', because: 'asked for' };
  const { works, seen } = await probeKvm(options);
  if (works) return { accel: 'kvm', because: seen };
  if (wish === 'auto') return { accel: 'tcg', because: `no KVM: ${seen}` };
  throw new UsageError('--accel', 'kvm', `no guest boots with KVM here (${seen}): give tcg, or auto`);
}

async function probeKvm(options: AccelOptions): Promise<Probed> {
  const qemu = await findQemu(process.env['PATH']);
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      works: false,
      seen: code === 'ENOENT' ? '/dev/kvm is missing' : `/dev/kvm may not be opened (${code})`,
    };
  }
  const file = join(options.cache, 'accel', `kvm-${await machineKey(qemu)}.json`);
  const known = await recall(file);
  if (known !== undefined) return known;
  const probed = await bootOnce('kvm', qemu, options);
  await remember(file, probed);
  return probed;
}

/** Boots the kernel to its first process. */
export async function bootOnce(
  accel: Accel,
  qemu: QemuProgram,
  { kernelImage, signal }: Pick<AccelOptions, 'kernelImage' | 'signal'>,
  deadlineMs = probeMs,
): Promise<Probed> {
  signal.throwIfAborted();
  const directory = await mkdtemp(join(tmpdir(), 'stuckfs-probe-'));
  let machine: QemuProcess | undefined;
  try {
    const initrd = join(directory, 'initrd');
    await writeFile(initrd, probeInitramfs());
    const plan = {
      shape: probeShape,
      accel,
      kernelImage,
      initrd,
      image: undefined,
    } as const;
    machine = await startQemu(qemu.path, qemuWords(plan));
    return await firstWord(machine, signal, deadlineMs);
  } catch (error) {
    signal.throwIfAborted();
    return { works: false, seen: (error as Error).message.replaceAll(/\s*\n[\s|]*/g, ': ') };
  } finally {
    await machine?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function firstWord(machine: QemuProcess, signal: AbortSignal, deadlineMs: number): Promise<Probed> {
  const console = new ConsoleWatch();
  return new Promise((resolve, reject) => {
    const fail = (seen: string): void => {
      // What QEMU complains of begins with the reason and goes on with registers; a console ends with it.
      const said = machine.complaint()[0] ?? console.tail.at(-1);
      settle({ works: false, seen: `${seen}: ${said ?? 'without a word'}` });
    };
    const timer = setTimeout(() => fail(`no guest within ${deadlineMs / 1000} s`), deadlineMs);
    const abort = (): void => reject(signal.reason);
    const settle = (probed: Probed): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve(probed);
    };
    signal.addEventListener('abort', abort, { once: true });
    machine.console.on('data', (bytes: Buffer) => {
      console.add(bytes);
      if (console.tail.some((line) => line.includes(probeWord)))
        settle({ works: true, seen: 'a guest booted to its first process' });
      else if (console.panic !== undefined) settle({ works: false, seen: console.panic });
    });
    onHalt(machine.qmp, (state) => fail(`the machine stopped (${state})`));
    void machine.ended.then(({ status, signal: by }) => fail(`QEMU ended (${by ?? `status ${status}`})`));
  });
}

/** Everything that what a boot has shown depends on. */
async function machineKey(qemu: QemuProgram): Promise<string> {
  const cpu = /^model name\s*:\s*(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  const key = JSON.stringify([qemu.path, qemu.version, release(), cpu]);
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

async function recall(file: string): Promise<Probed | undefined> {
  try {
    const { works, seen, bootId: at } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    if (typeof works !== 'boolean' || typeof seen !== 'string') return undefined;
    return works || at === (await bootId()) ? { works, seen } : undefined;
  } catch {
    return undefined;
  }
}

async function remember(file: string, probed: Probed): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  const part = `${file}.${process.pid}`;
  await writeFile(part, `${JSON.stringify({ ...probed, bootId: await bootId() })}\n`, { mode: 0o600 });
  await rename(part, file);
}
