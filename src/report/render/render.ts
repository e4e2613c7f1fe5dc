/**
 * A judged run in each of its forms, from the run directory alone: what run.json lacks for pictures is read here.
 * Two renderings of one directory are the same, byte for byte.
 */
import type { RunDirectory } from '../../record/run-directory.js';
import { type ArmTimeline, armTimelines } from '../arm-timeline.js';
import { memoryMap } from '../memory-map.js';
import type { Cell, RunJson } from '../run-json.js';
import { renderTerminal } from '../terminal.js';
import type { ArmView } from './html/arm-section.js';
import { renderJunit } from './junit.js';
import { renderKtap } from './ktap.js';
import { renderPerfetto } from './perfetto.js';

export const formats = ['terminal', 'json', 'ktap', 'junit', 'perfetto', 'html'] as const;
export type Format = (typeof formats)[number];

export async function render(format: Format, run: RunJson, directory: RunDirectory): Promise<string> {
  switch (format) {
    case 'terminal':
      return renderTerminal(run);
    case 'json':
      return `${JSON.stringify(run, null, 2)}\n`;
    case 'ktap':
      return renderKtap(run);
    case 'junit':
      return renderJunit(run);
    case 'perfetto':
      return renderPerfetto(run, armTimelines(directory));
    case 'html': {
      // What draws takes its time to load.
      const { renderHtml } = await import('./html/page.js');
      return renderHtml(run, armViews(run, directory), environmentOf(directory));
    }
  }
}

/** Each cell with the last attempt of its arm. */
function armViews(run: RunJson, directory: RunDirectory): ArmView[] {
  const last = new Map<string, ArmTimeline>();
  for (const timeline of armTimelines(directory)) {
    const { start } = timeline;
    last.set(JSON.stringify([start.cell, start.kind, start.variant, start.mitigation]), timeline);
  }
  const waiting = [...last.values()];
  return run.cells.map((cell) => {
    const index = cell.attempts === 0 ? -1 : waiting.findIndex(({ start }) => isOf(start, cell));
    const [timeline] = index < 0 ? [] : waiting.splice(index, 1);
    return { cell, timeline, map: timeline === undefined ? undefined : memoryMap(directory, timeline) };
  });
}

function isOf(start: ArmTimeline['start'], cell: Cell): boolean {
  return (
    start.scenario === cell.scenario &&
    start.trigger === cell.trigger &&
    start.transport === cell.transport &&
    start.mitigation === cell.mitigation &&
    start.kind === cell.arm &&
    start.variant === cell.variant
  );
}

function environmentOf(directory: RunDirectory): unknown {
  try {
    return JSON.parse(directory.read('environment.json') ?? 'null') ?? undefined;
  } catch {
    // The run tells of it as damage.
    return undefined;
  }
}
