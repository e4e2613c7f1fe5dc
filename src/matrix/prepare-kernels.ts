/** The kernels of a matrix made ready to boot: all before anything is played, so that bad input costs no time. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { UsageError } from '../base/errors.js';
import type { AccelWish } from '../vm/accel.js';
import { parseKernelName } from '../vm/kernels/kernel-name.js';
import { type Prepared, prepareGuest } from '../vm/prepare.js';
import type { MatrixPlan, PlannedKernel } from './matrix-plan.js';

export interface KernelOptions {
  readonly accel: AccelWish;
  /** The cache directory. */
  readonly cache: string;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface NamedKernel {
  readonly label: string;
  readonly name: string;
  /** Of a bzImage. */
  readonly modules: string | null;
}

/**
 * What `--kernels` was given, each with the label of its column and directory. A path is made absolute, as a matrix may
 * go on elsewhere.
 * @param modules what `--modules` was given, which goes with the one bzImage
 * @throws {UsageError}
 */
export function nameKernels(given: readonly string[], modules: string | undefined): NamedKernel[] {
  const parsed = given.map((name) => {
    try {
      return { kernel: parseKernelName(name) };
    } catch (error) {
      throw underOptionName(error);
    }
  });
  const images = parsed.filter(({ kernel }) => kernel.kind === 'path').length;
  if (modules !== undefined && images !== 1)
    throw new UsageError('--modules', modules, `goes with one bzImage, and --kernels has ${images}`);
  const named = parsed.map(({ kernel }) =>
    kernel.kind === 'debian'
      ? { label: labelOf(kernel.asked), name: `debian:${kernel.asked}`, modules: null }
      : {
          label: labelOf(basename(kernel.file)),
          name: resolve(kernel.file),
          modules: kernel.kind === 'path' && modules !== undefined ? resolve(modules) : null,
        },
  );
  for (const [at, { name }] of named.entries())
    if (named.findIndex((other) => other.name === name) !== at)
      throw new UsageError('--kernels', given[at], 'is given twice');
  const taken = new Set<string>();
  return named.map((kernel, at) => {
    let { label } = kernel;
    for (let more = at + 1; taken.has(label); more++) label = `${kernel.label}_${more}`;
    taken.add(label);
    return { ...kernel, label };
  });
}

/** What may name a directory. */
function labelOf(name: string): string {
  return name.replaceAll(/[^\w.+-]/g, '_').replace(/^[.]+/, '_');
}

/** `--kernel` is what a single one is given by. */
function underOptionName(error: unknown): unknown {
  if (!(error instanceof UsageError) || error.field !== '--kernel') return error;
  return new UsageError('--kernels', error.value, error.remedy, { cause: error });
}

export interface ReadyKernel {
  readonly planned: PlannedKernel;
  readonly prepared: Prepared;
}

/** @throws as prepareGuest() does */
export async function prepareKernels(
  kernels: readonly NamedKernel[],
  options: KernelOptions,
): Promise<ReadyKernel[]> {
  const ready: ReadyKernel[] = [];
  for (const { label, name, modules } of kernels) {
    const asked = { ...options, kernel: name, modules: modules ?? undefined };
    const prepared = await prepareGuest(asked).catch((error: unknown) => {
      throw underOptionName(error);
    });
    const { release, image, source } = prepared.kernel;
    const planned = {
      label,
      name,
      modules,
      release,
      imageSha256: await sha256(image),
      source: copyOf(source),
    };
    ready.push({ planned, prepared });
  }
  return ready;
}

/**
 * Those of a plan, once more.
 * @throws {UsageError} where one is not the image that the matrix began with
 */
export async function prepareAgain(
  { kernels }: Pick<MatrixPlan, 'kernels'>,
  options: KernelOptions,
): Promise<ReadyKernel[]> {
  const exactly = kernels.map((kernel) => ({
    ...kernel,
    name: kernel.source.kind === 'debian' ? `debian:${kernel.release}` : kernel.name,
  }));
  const ready = await prepareKernels(exactly, options);
  return ready.map(({ planned, prepared }, at) => {
    const { name, release, imageSha256 } = kernels[at] as PlannedKernel;
    if (planned.imageSha256 === imageSha256) return { planned: { ...planned, name }, prepared };
    throw new UsageError(
      '--resume',
      name,
      `was ${release} when the matrix began, and now is another image (${planned.release}): begin a new one`,
    );
  });
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function copyOf(source: Prepared['kernel']['source']): PlannedKernel['source'] {
  return source.kind === 'debian'
    ? { ...source, packages: source.packages.map((one) => ({ ...one })) }
    : source;
}
