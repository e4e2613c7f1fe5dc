/**
 * The ballast process.  It never touches the mount, nor asks for migration.  Commands, in this order: `fill`, `makeRoom`
 * (where huge pages are to be scarce), `land` (before the workload allocates), `settle` (after).
 */
import { serveCommands } from '../base/child-port.js';
import { giveUpKeptMemory } from '../base/kept-memory.js';
import { dieWithParent, pinToCpu, preferToBeKilled } from '../syscall/process.js';
import { Ballast } from './ballast.js';
import { Filler } from './filler.js';
import { leastBallastPages, type PlacementNeed, type PlacementPlan } from './plan.js';

const SIGKILL = 9;
dieWithParent(SIGKILL);
preferToBeKilled();

let ballast: Ballast | undefined;
let isOfHugePages = false;
const filler = new Filler();
let plan: PlacementPlan | undefined;
/** Fills the free pieces in which there is to be none for folios of an order; nothing for other sets. */
let fillPieces = () => {};

serveCommands({
  fill({ need, nrPages }: { need: PlacementNeed; nrPages: number }) {
    const isWhole = need.roomPages !== undefined || need.runs !== undefined;
    filler.release();
    giveUpKeptMemory();
    // The same ballast serves every arm: to take a page for the first time costs much more than again.  But whole
    // pageblocks it has only once.
    if (ballast !== undefined && (isWhole || isOfHugePages)) {
      ballast.release();
      ballast = undefined;
    }
    isOfHugePages = isWhole;
    if (isWhole) ballast = new Ballast(leastBallastPages(need), 'huge-pages');
    else if (ballast === undefined) ballast = new Ballast(Math.max(leastBallastPages(need), nrPages));
    else ballast.take();
    if (isWhole) ballast.lock();
    const planned = ballast.plan(need);
    plan = planned.plan;
    const { runs } = need;
    fillPieces = runs === undefined ? () => {} : () => filler.fill(planned.zone, runs.landingOrder);
    fillPieces();
    return {
      zone: planned.zone,
      ballastPages: ballast.nrPages,
      landingPages: plan?.landing.length ?? 0,
      targetPages: plan?.targets.length ?? 0,
      landingRange: plan?.landingRange ?? null,
    };
  },
  /** Gives all of it back. @param keptToo and what was kept for the sets, which come next */
  release({ keptToo }: { keptToo: boolean }) {
    if (keptToo) giveUpKeptMemory();
    filler.release();
    ballast?.release();
    ballast = undefined;
    plan = undefined;
  },
  /** Room into which compaction can move whatever is not the run's, before the sets come. */
  makeRoom() {
    if (plan !== undefined) ballast?.free(plan.room);
  },
  /** What is freed goes to the free lists of this CPU first: whoever is to get it must allocate on the same one. */
  land({ cpu }: { cpu: number }) {
    pinToCpu(cpu);
    if (plan !== undefined) ballast?.free(plan.landing);
  },
  settle() {
    if (plan === undefined) return;
    // What others have freed since: a single page that the free scanner meets leaves a large folio without room.
    fillPieces();
    ballast?.free(plan.spacers);
    ballast?.free(plan.targets);
  },
});
