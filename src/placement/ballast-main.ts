/**
 * The ballast process.  It never touches the mount.  Commands, in this order: `fill`, `land` (before the
 * workload allocates), `settle` (after).
 */
import { serveCommands } from '../base/child-port.js';
import { dieWithParent, pinToCpu, preferToBeKilled } from '../syscall/process.js';
import { Ballast } from './ballast.js';
import { leastBallastPages, type PlacementNeed, type PlacementPlan } from './plan.js';

const SIGKILL = 9;
dieWithParent(SIGKILL);
preferToBeKilled();

let ballast: Ballast | undefined;
let plan: PlacementPlan | undefined;

serveCommands({
  fill({ need, nrPages }: { need: PlacementNeed; nrPages: number }) {
    // The same ballast serves every arm: to take a page for the first time costs much more than again.
    if (ballast === undefined) ballast = new Ballast(Math.max(leastBallastPages(need), nrPages));
    else ballast.take();
    const planned = ballast.plan(need);
    plan = planned.plan;
    return {
      zone: planned.zone,
      ballastPages: ballast.nrPages,
      landingPages: plan?.landing.length ?? 0,
      targetPages: plan?.targets.length ?? 0,
      landingRange: plan?.landingRange ?? null,
    };
  },
  /** What is freed goes to the free lists of this CPU first: whoever is to get it must allocate on the same one. */
  land({ cpu }: { cpu: number }) {
    pinToCpu(cpu);
    if (plan !== undefined) ballast?.free(plan.landing);
  },
  settle() {
    if (plan === undefined) return;
    ballast?.free(plan.spacers);
    ballast?.free(plan.targets);
  },
});
