/** The reports of a run that has no record of its own: one that was played in several boots, or whose guest failed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderJunit } from '../../report/render/junit.js';
import { renderKtap } from '../../report/render/ktap.js';
import type { RunJson } from '../../report/run-json.js';

/** @param directory made where it is not there */
export function writeJoined(run: RunJson, directory: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
  writeFileSync(join(directory, 'ktap.txt'), renderKtap(run));
  writeFileSync(join(directory, 'junit.xml'), renderJunit(run));
}
