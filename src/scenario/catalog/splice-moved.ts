/**
 * `splice-moved`: READs are answered by splice(2) with SPLICE_F_MOVE, so that pages of the server's own become the
 * file's folios (fuse_try_move_folio() in fs/fuse/dev.c): anonymous pages of its pipe, which are no movable allocation,
 * or pages out of the page cache of another filesystem.  Nothing is withheld: the question is where they lie and
 * whether they move.
 */
import type { ArmDesign, Scenario } from '../scenario.js';
import { control } from './shared-arms.js';

const moved: ArmDesign = {
  kind: 'fault',
  workload: 'read-ahead',
  misbehaviour: { kind: 'none' },
  serverPages: 'all',
  stuckBy: null,
  waitsIn: null,
};

export const spliceMoved: Scenario = {
  id: 'splice-moved',
  description: "READs answered with the server's own pages (SPLICE_F_MOVE)",
  stuck: 'nothing: page-cache folios that are pages of a pipe, or of another filesystem',
  triggers: ['compact'],
  transports: ['dev-fuse'],
  needs: 'splice',
  arms: [
    { ...control('read-ahead'), serverPages: 'none' },
    { ...moved, variant: 'from pipe', server: { splice: { write: 'move' } } },
    { ...moved, variant: 'from file', givesPagesOfRunDirectory: true },
  ],
};
