/** Puts the shards of a matrix into one directory: each boot from the shard that it belongs to. */
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Matrices } from './gather.js';
import { MatrixDirectory } from './matrix-directory.js';
import { bootsOfPlan } from './plan.js';

/**
 * The shards stay as they are.
 * @throws {UsageError} when `out` exists already, or cannot be made
 */
export function joinShards(matrices: Matrices, out: string): MatrixDirectory {
  const [{ plan }] = matrices;
  const joined = MatrixDirectory.create(out, { ...plan, shard: null });
  for (const one of matrices)
    for (const { kernel, boot, isOurs } of bootsOfPlan(one.plan)) {
      const from = join(one.path, kernel.label);
      if (!isOurs || !existsSync(from)) continue;
      mkdirSync(join(out, kernel.label), { recursive: true });
      // The end of a boot is what says that the rest is there.
      for (const name of readdirSync(from).toSorted((a, b) => Number(isEnd(a)) - Number(isEnd(b))))
        if (isOfBoot(name, boot.name))
          cpSync(join(from, name), join(out, kernel.label, name), { recursive: true });
    }
  return joined;
}

function isEnd(file: string): boolean {
  return file.endsWith('.end.json');
}

/** Its run directory, its end, and those of the pieces that it was cut into; `plain-1` has nothing of `plain-10`. */
function isOfBoot(file: string, boot: string): boolean {
  return (
    file === boot ||
    (file.startsWith(`${boot}.`) &&
      /^(?:\.[12])*(?:\.end\.json|\.guest\.log)?$/.test(file.slice(boot.length)))
  );
}
