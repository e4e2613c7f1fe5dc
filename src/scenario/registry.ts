/** The scenarios, a line each. */
import { cableTrip } from './catalog/cable-trip.js';
import { dirtyLargeFolio } from './catalog/dirty-large-folio.js';
import { healthy } from './catalog/healthy.js';
import { hugetlbUnsplittable } from './catalog/hugetlb-unsplittable.js';
import { minOrderFolio } from './catalog/min-order-folio.js';
import { nfsCableTrip } from './catalog/nfs-cable-trip.js';
import { readaheadWithheld } from './catalog/readahead-withheld.js';
import { spliceMoved } from './catalog/splice-moved.js';
import { splicePinned } from './catalog/splice-pinned.js';
import { untrustedMount } from './catalog/untrusted-mount.js';
import { writebackDelayed } from './catalog/writeback-delayed.js';
import { writebackHeld } from './catalog/writeback-held.js';
import { writebackHeldMmap } from './catalog/writeback-held-mmap.js';
import type { Scenario } from './scenario.js';

export const scenarios: readonly Scenario[] = [
  healthy,
  writebackHeld,
  writebackHeldMmap,
  writebackDelayed,
  readaheadWithheld,
  splicePinned,
  spliceMoved,
  cableTrip,
  nfsCableTrip,
  untrustedMount,
  dirtyLargeFolio,
  minOrderFolio,
  hugetlbUnsplittable,
];
