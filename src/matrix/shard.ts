/** `--shard 2/3`: which boots of a matrix are whose. Every shard has the same plan, so they fit together. Pure. */
import { UsageError } from '../base/errors.js';
import type { Shard } from './matrix-plan.js';

const mostShards = 1000;

/** @throws {UsageError} */
export function parseShard(text: string): Shard {
  const [, index, of] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (index === undefined || shard.index < 1 || shard.index > shard.of || shard.of > mostShards)
    throw new UsageError('--shard', text, `give I/N, I from 1 to N, N at most ${mostShards}: 1/2`);
  return shard;
}

/** Dealt out in turns: consecutive boots, which are of one kernel, go to different shards. */
export function isOfShard(shard: Shard | null, place: number): boolean {
  return shard === null || place % shard.of === shard.index - 1;
}

export function shardName(shard: Shard | null): string {
  return shard === null ? 'all of it' : `shard ${shard.index}/${shard.of}`;
}
