/** The map of physical memory: one square for each pageblock, in rows of 64; rows in which nothing lies are left out. */
import * as Plot from '@observablehq/plot';
import { type BlockState, blockStates, type MemoryMap, PAGEBLOCK_FRAMES } from '../../memory-map.js';
import { FIGURE_WIDTH, figure } from './figure.js';
import type { Markup } from './markup.js';

const COLUMNS = 64;
/** What needs more is drawn with several pageblocks to a square. */
const MOST_ROWS = 24;
const MOST_DOUBLINGS = 60;
const MARGIN_LEFT = 130;

const texts: Readonly<Record<BlockState, string>> = {
  stuck: 'holds a stuck folio',
  still: 'holds a folio that stayed and is not stuck',
  moved: 'folios of the sets moved out of it',
  landed: 'folios of the sets moved into it',
};

/** Of several pageblocks in one square, the first of blockStates that one of them has. */
interface Square {
  readonly column: number;
  readonly row: string;
  readonly state: BlockState;
}

export function memoryFigure(map: MemoryMap, arm: number): Markup {
  const { squares, rows, blocksEach } = squaresOf(map);
  const count = (state: BlockState) => [...map.blocks.values()].filter((one) => one === state).length;
  const side = (FIGURE_WIDTH - MARGIN_LEFT - 20) / COLUMNS;
  const { stuck, still, moved, unseen } = map.folios;
  const zone = map.zone === undefined ? '' : `Zone ${map.zone.name} has ${map.zone.pageblocks} pageblocks. `;
  return figure({
    title: 'Physical memory, by pageblock',
    label: `Map of pageblocks of arm ${arm}: ${count('stuck')} hold a stuck folio`,
    plots: [
      {
        height: Math.ceil(side * rows.length) + 24,
        marginLeft: MARGIN_LEFT,
        marginTop: 2,
        marginBottom: 22,
        x: { domain: Array.from({ length: COLUMNS }, (_, column) => column), axis: null, padding: 0.12 },
        y: { domain: [...rows], label: null, tickSize: 0, padding: 0.12 },
        marks: [
          Plot.frame({ fill: 'var(--other)', stroke: 'none' }),
          Plot.cell(squares, {
            x: 'column',
            y: 'row',
            fill: ({ state }: Square) => `var(--${state})`,
            rx: 1.5,
          }),
        ],
      },
    ],
    legend: [
      ...blockStates.map((state) => ({ colour: `--${state}`, text: `${texts[state]}: ${count(state)}` })),
      { colour: '--other', text: 'nothing of the sets' },
    ],
    caption:
      `${blocksEach === 1 ? 'A square is a pageblock' : `A square is ${blocksEach} pageblocks`} of ${PAGEBLOCK_FRAMES} frames (2 MiB); ` +
      'a row begins at the frame on its left; rows in which nothing of the sets lies are left out. ' +
      `Of the folios of both sets ${stuck} are stuck, ${moved} are at another frame, ${still} stayed and are not, ` +
      `${unseen} were not seen. ${zone}A pageblock with one stuck folio in it cannot become a huge page.`,
  });
}

function squaresOf({ blocks }: MemoryMap): {
  squares: readonly Square[];
  rows: readonly string[];
  blocksEach: number;
} {
  let blocksEach = 1;
  const rowOf = (block: number) => Math.floor(block / blocksEach / COLUMNS);
  const rowsNow = () => new Set([...blocks.keys()].map(rowOf));
  for (let doubling = 0; doubling < MOST_DOUBLINGS && rowsNow().size > MOST_ROWS; doubling++) blocksEach *= 2;
  const states = new Map<number, BlockState>();
  for (const [block, state] of blocks) {
    const square = Math.floor(block / blocksEach);
    const before = states.get(square);
    if (before === undefined || blockStates.indexOf(state) < blockStates.indexOf(before))
      states.set(square, state);
  }
  const numbers = [...rowsNow()].sort((a, b) => a - b);
  const name = (row: number) => `0x${(row * COLUMNS * blocksEach * PAGEBLOCK_FRAMES).toString(16)}`;
  const squares = [...states]
    .sort(([a], [b]) => a - b)
    .map(([square, state]) => ({ column: square % COLUMNS, row: name(Math.floor(square / COLUMNS)), state }));
  return { squares, rows: numbers.map(name), blocksEach };
}
