/**
 * A tree as an ext4 image, made without root: mke2fs(8) takes over the owners of the files that it copies, so where
 * those are not root's debugfs(8) gives everything to root afterwards.  Features are named one by one, so that they do
 * not depend on this system's mke2fs.conf; without a journal, as it is only read.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { GuestError } from './guest-error.js';
import type { GuestTree } from './guest-tree.js';
import { rootLabel } from './init.js';
import { findTool } from './programs.js';

const features = 'none,extent,filetype,sparse_super,large_file,dir_index';
const blockBytes = 4096;
const inodeBytes = 256;
const marginBytes = 8 << 20;

export function imageBytes(tree: GuestTree): number {
  const { blocks, inodes } = tree.needs();
  return Math.ceil((blocks * blockBytes + inodes * inodeBytes) * 1.03) + marginBytes;
}

/** @param image is written; `${image}.files` is made and removed beside it */
export function makeRootImage(tree: GuestTree, image: string): void {
  const staged = `${image}.files`;
  mkdirSync(staged, { mode: 0o755 });
  tree.stage(staged);
  const { inodes } = tree.needs();
  const size = `${Math.ceil(imageBytes(tree) / 1024)}K`;
  const words = ['-q', '-F', '-t', 'ext4', '-b', `${blockBytes}`, '-I', `${inodeBytes}`, '-m', '0'];
  const about = ['-O', features, '-E', 'root_owner=0:0', '-L', rootLabel, '-N', `${inodes + 64}`];
  run('mke2fs', [...words, ...about, '-d', staged, image, size]);
  if (process.geteuid?.() !== 0) giveToRoot(tree, image);
  rmSync(staged, { recursive: true });
}

function giveToRoot(tree: GuestTree, image: string): void {
  const commands = `${image}.owners`;
  const lines = tree.paths().flatMap((path) => ['uid', 'gid'].map((field) => `sif "${path}" ${field} 0\n`));
  writeFileSync(commands, lines.join(''));
  const said = run('debugfs', ['-w', '-f', commands, image]);
  // It says which version it is, and ends with 0 whatever happened.
  const trouble = said.split('\n').filter((line) => line !== '' && !line.startsWith('debugfs '));
  if (trouble.length > 0)
    throw new GuestError('GUEST_CACHE', `debugfs could not give ${image} to root: ${trouble[0]}`);
  rmSync(commands);
}

/** What it said on standard error. */
function run(name: string, words: readonly string[]): string {
  const program = findTool(name, process.env['PATH'] ?? '');
  if (program === undefined)
    throw new GuestError('GUEST_PROGRAM', `${name} is missing: run apt-get install e2fsprogs`);
  const { error, status, signal, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new GuestError('GUEST_CACHE', `${name} ${signal ?? `ended with ${status}`}: ${stderr.trim()}`);
  return stderr;
}
