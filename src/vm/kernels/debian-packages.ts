/**
 * Which stock cloud kernels for amd64 a suite has, from the index of the suite.  Pure.
 * Up to 6.18 a kernel is one package, linux-image-RELEASE.  From 6.19 on that one is empty, and the image, the modules
 * and the config are linux-binary-, linux-modules- and linux-base-RELEASE; an older one whose modules have left the
 * suite cannot be had any more.
 */
import type { KernelPackage } from '../kernel.js';
import { compareVersions } from './debian-version.js';

export interface DebianPackage extends KernelPackage {
  readonly sizeBytes: number;
  readonly installedBytes: number;
  /** Below the mirror's address. */
  readonly filename: string;
}

export interface DebianKernel {
  /** `uname -r` */
  readonly release: string;
  readonly version: string;
  readonly packages: readonly DebianPackage[];
}

const flavour = '-cloud-amd64';
const releasePattern = /^linux-(image|binary|modules|base)-(\d+\.\d+\.\d+.*-cloud-amd64)$/;

/** Takes the index of a suite piece by piece, and keeps the stanzas of its kernels. */
export class KernelStanzas {
  private rest = '';
  private readonly kept: string[] = [];

  add(text: string): void {
    const stanzas = (this.rest + text).split('\n\n');
    this.rest = stanzas.pop() ?? '';
    this.kept.push(...stanzas.filter(isOfKernel));
  }

  end(): string {
    return [...this.kept, this.rest].filter(isOfKernel).join('\n\n');
  }
}

/** Signed kernels only: `-unsigned` and `-dbg` end otherwise. */
function isOfKernel(stanza: string): boolean {
  const name = /^\n?Package: (linux-\S+)$/m.exec(stanza)?.[1];
  return name !== undefined && releasePattern.test(name);
}

/** The stanzas of a Packages index; one that lacks a field that is needed here is left out. */
export function parsePackages(text: string): DebianPackage[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    const [name, version, sha256] = [field('Package'), field('Version'), field('SHA256')];
    const [filename, size, installed] = [field('Filename'), field('Size'), field('Installed-Size')];
    if (name === undefined || version === undefined || filename === undefined) return [];
    if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) return [];
    const sizeBytes = Number(size);
    if (!Number.isSafeInteger(sizeBytes)) return [];
    return [{ name, version, sha256, filename, sizeBytes, installedBytes: Number(installed ?? 0) * 1024 }];
  });
}

export interface SuiteKernels {
  /** Newest first. */
  readonly kernels: readonly DebianKernel[];
  /** Releases whose image is there and whose modules are not. */
  readonly withoutModules: readonly string[];
}

export function groupKernels(packages: readonly DebianPackage[]): SuiteKernels {
  const byRelease = new Map<string, Map<string, DebianPackage>>();
  for (const one of packages) {
    const [, part = '', release = ''] = releasePattern.exec(one.name) ?? [];
    if (part === '') continue;
    const parts = byRelease.get(release) ?? new Map<string, DebianPackage>();
    const known = parts.get(part);
    if (known === undefined || compareVersions(known.version, one.version) < 0) parts.set(part, one);
    byRelease.set(release, parts);
  }
  const kernels: DebianKernel[] = [];
  const withoutModules: string[] = [];
  for (const [release, parts] of byRelease) {
    const [image, binary, modules] = [parts.get('image'), parts.get('binary'), parts.get('modules')];
    const base = parts.get('base');
    if (binary === undefined && image !== undefined && !isSplit(release)) {
      kernels.push({ release, version: image.version, packages: [image] });
    } else if (binary !== undefined && modules !== undefined) {
      const all = [binary, modules, ...(base === undefined ? [] : [base])];
      kernels.push({ release, version: binary.version, packages: all });
    } else if (binary !== undefined || image !== undefined) withoutModules.push(release);
  }
  const newestFirst = (a: string, b: string) => compareVersions(b, a);
  return {
    kernels: kernels.sort((a, b) => newestFirst(a.release, b.release)),
    withoutModules: withoutModules.sort(newestFirst),
  };
}

function isSplit(release: string): boolean {
  return compareVersions(release, '6.19') > 0;
}

/** `6.18` of 6.18.15+deb13-cloud-amd64. */
export function seriesOf(release: string): string {
  return /^\d+\.\d+/.exec(release)?.[0] ?? release;
}

/** Is the release what `6.18`, `6.18.15`, `6.18.15+deb13` or the whole release asks for? */
export function isRelease(release: string, asked: string): boolean {
  if (release === asked) return true;
  const next = release[asked.length];
  return release.startsWith(asked) && next !== undefined && /[.+~-]/.test(next);
}

/** Does it name one kernel alone, so that nothing newer can be meant? */
export function isExact(release: string, asked: string): boolean {
  return release === asked || release === `${asked}${flavour}`;
}

/** The series next to the one asked for, on either side, of those that there are. */
export function nearSeries(asked: string, available: readonly string[], count = 4): string[] {
  const all = [...new Set(available.map(seriesOf))].sort(compareVersions);
  const at = all.findIndex((series) => compareVersions(series, seriesOf(asked)) >= 0);
  const middle = at < 0 ? all.length : at;
  const start = Math.max(0, Math.min(middle - count / 2, all.length - count));
  return all.slice(start, start + count);
}
