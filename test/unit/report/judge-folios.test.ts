/** What is told from what became of large folios; each case spoils one thing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArmEvidence } from '../../../src/report/evidence.js';
import type { FoliosEvidence } from '../../../src/report/folios.js';
import { judgeFolios, notFolios } from '../../../src/report/judge-folios.js';

const dirty: FoliosEvidence = {
  memory: 'xfs',
  order: 4,
  blockBytes: 4096,
  state: 'dirty',
  fragmented: true,
  ordersBefore: { 4: 256 },
  ordersAfter: { 4: 256 },
  ofOrder: 256,
  dirty: 256,
  withState: 256,
  hugetlb: 0,
  wholeAfter: 256,
  movedWhole: 0,
  pagesInTakenRanges: 16,
  pagesPassedOver: 0,
  splitAsked: 16,
  splitDone: 0,
  cutBytes: 65_536,
  splitHugePages: null,
  split: 0,
  splitFailed: 1,
};

const unsplit = {
  kind: 'fault',
  migrateSucceeded: 5000,
  stuckStill: 4096,
  folios: dirty,
  contendedAtPfn: 0x11a625,
  migrateFailedNearSet: 16,
  stuckFolios: 4096,
  stuckReached: 16,
  stuckReachedMoved: 0,
  stuckMoved: 0,
  controlReached: 46,
  controlMoved: 36,
} as unknown as ArmEvidence;

const spoilt = (changes: Partial<ArmEvidence>, folios: Partial<FoliosEvidence> = {}): ArmEvidence => ({
  ...unsplit,
  ...changes,
  folios: { ...dirty, ...folios },
});

test('a folio that neither moved nor was split, at which compaction ended, has failed', () => {
  const judged = judgeFolios(unsplit);
  assert.equal(judged?.outcome, 'failed');
  assert.match(
    judged?.reason ?? '',
    /1 of 256 folios were reached; splits of that size refused meanwhile: 1$/,
  );
});

test('not where one was split, moved, or another folio ended it', () => {
  assert.equal(judgeFolios(spoilt({}, { wholeAfter: 255 }))?.outcome, 'unknown');
  assert.equal(judgeFolios(spoilt({ stuckReachedMoved: 16 }))?.inconclusive, true);
  assert.equal(judgeFolios(spoilt({}, { splitFailed: 0 }))?.inconclusive, true);
  assert.equal(judgeFolios(spoilt({}, { splitFailed: null }))?.outcome, 'failed');
  assert.equal(judgeFolios(spoilt({}, { splitFailed: null, splitAsked: 0 }))?.outcome, 'unknown');
  assert.equal(judgeFolios(spoilt({ migrateFailedNearSet: 0 })), undefined);
  assert.equal(judgeFolios(spoilt({ contendedAtPfn: undefined })), undefined);
});

test('a control that moved up to the last pageblock has migrated, one with more left behind is not judged here', () => {
  const moved = { kind: 'control', stuckReached: 2208, stuckReachedMoved: 2064 } as const;
  const clean = { state: 'clean', dirty: 0, wholeAfter: 118, splitDone: 16, split: 138 } as const;
  assert.equal(judgeFolios(spoilt(moved, clean))?.outcome, 'migrated');
  assert.equal(judgeFolios(spoilt({ ...moved, stuckReachedMoved: 1600 }, clean)), undefined);
  assert.equal(
    judgeFolios(spoilt({ ...moved, stuckReached: 200, stuckReachedMoved: 200 }, clean)),
    undefined,
  );
});

test('a control whose folios move otherwise than it is about says nothing', () => {
  const control = { kind: 'control', stuckReached: 4096, stuckReachedMoved: 4096, stuckMoved: 4096 } as const;
  const clean = {
    state: 'clean',
    dirty: 0,
    splitAsked: 0,
    wholeAfter: 0,
    movedWhole: 0,
    split: 256,
  } as const;
  assert.equal(judgeFolios(spoilt(control, clean))?.outcome, 'migrated');
  assert.equal(judgeFolios(spoilt(control, { ...clean, split: 0 }))?.inconclusive, true);
  assert.equal(judgeFolios(spoilt({ ...control, migrateSucceeded: 4000 }, clean))?.inconclusive, true);
  const whole = { ...clean, wholeAfter: 256, movedWhole: 256, splitAsked: 16, splitDone: 16 };
  assert.equal(judgeFolios(spoilt(control, whole))?.inconclusive, true);
  assert.equal(judgeFolios(spoilt(control, { ...whole, fragmented: false }))?.outcome, 'migrated');
  const some = { ...clean, movedWhole: 64, splitAsked: 16, splitDone: 16 };
  assert.equal(judgeFolios(spoilt(control, { ...some, wholeAfter: 64 }))?.outcome, 'migrated');
  assert.equal(judgeFolios(spoilt(control, { ...some, wholeAfter: 65 }))?.inconclusive, true);
  assert.equal(judgeFolios(spoilt(control, { ...clean, fragmented: false }))?.inconclusive, true);
});

test('of folios that cannot be split a single one shows that they move where there is room', () => {
  const control = { kind: 'control', stuckReached: 512, stuckReachedMoved: 16, stuckMoved: 16 } as const;
  const room = { fragmented: false, movedWhole: 1 };
  assert.match(
    judgeFolios(spoilt(control, room))?.reason ?? '',
    /^0 of 256 folios were split, 1 moved whole/,
  );
  assert.equal(judgeFolios(spoilt(control, { ...room, state: 'clean', dirty: 0, splitDone: 16 })), undefined);
});

test('asking for a split outright must not contradict it', () => {
  assert.match(judgeFolios(spoilt({}, { splitDone: 1 }))?.reason ?? '', /1 of 16 folios were split/);
  assert.match(judgeFolios(spoilt({}, { splitAsked: null }))?.reason ?? '', /was not asked/);
  const least = { state: 'clean', dirty: 0, order: 2, blockBytes: 16_384, splitFailed: 0 } as const;
  assert.equal(judgeFolios(spoilt({}, { ...least, splitAsked: null, splitDone: null }))?.outcome, 'failed');
});

test('what split_huge_pages was asked for shows something only where it split what cannot be', () => {
  const through = { lacking: null, asked: 16, done: 0, split: 0, splitFailed: 16 };
  const withSplit = { splitHugePages: { ...through, done: 1 } };
  const none = { splitHugePages: { ...through, lacking: 'debugfs is not mounted', asked: 0 } };
  assert.equal(judgeFolios(spoilt({}, { splitHugePages: through }))?.outcome, 'failed');
  assert.equal(judgeFolios(spoilt({}, none))?.outcome, 'failed');
  assert.match(
    judgeFolios(spoilt({}, withSplit))?.reason ?? '',
    /by split_huge_pages, 1 of 16 folios were split$/,
  );
  const huge = { memory: 'hugetlb', order: 9, blockBytes: null, state: null } as const;
  assert.equal(judgeFolios(spoilt({}, { ...huge, ...withSplit }))?.outcome, 'unknown');
  const least = { state: 'clean', dirty: 0, order: 2, blockBytes: 16_384 } as const;
  assert.equal(judgeFolios(spoilt({}, { ...least, ...withSplit }))?.outcome, 'unknown');
  // A clean folio that is not split may be somebody else's, too.
  const moved = { kind: 'control', stuckReached: 4096, stuckReachedMoved: 4096, stuckMoved: 4096 } as const;
  const clean = { state: 'clean', dirty: 0, wholeAfter: 0, splitAsked: 0, split: 256 } as const;
  for (const splitHugePages of [through, withSplit.splitHugePages, null])
    assert.equal(judgeFolios(spoilt(moved, { ...clean, splitHugePages }))?.outcome, 'migrated');
});

test('hugetlb pages are not attempted only where nothing was isolated from where they are', () => {
  const huge = {
    memory: 'hugetlb',
    order: 9,
    ofOrder: 8,
    hugetlb: 8,
    pagesInTakenRanges: 0,
    wholeAfter: 8,
  } as const;
  const passed = { stuckReached: 4096, controlFolios: 4096, controlReached: 4096, controlMoved: 4090 };
  assert.equal(judgeFolios(spoilt(passed, huge))?.outcome, 'not-attempted');
  assert.equal(judgeFolios(spoilt({ ...passed, stuckStill: 0 }, huge))?.outcome, 'unknown');
  assert.equal(judgeFolios(spoilt(passed, { ...huge, wholeAfter: 0 }))?.outcome, 'unknown');
  const unseen = { ...passed, stuckReached: 0 };
  assert.equal(judgeFolios(spoilt(unseen, { ...huge, pagesPassedOver: 4096 }))?.outcome, 'not-attempted');
  assert.equal(judgeFolios(spoilt(unseen, huge))?.inconclusive, true);
  assert.equal(judgeFolios(spoilt(passed, { ...huge, pagesInTakenRanges: 512 }))?.outcome, 'unknown');
  assert.equal(judgeFolios(spoilt({ ...passed, controlMoved: 0 }, huge))?.inconclusive, true);
  assert.equal(
    judgeFolios(spoilt({ ...passed, controlReached: 100, controlMoved: 100 }, huge))?.inconclusive,
    true,
  );
});

test('folios that are not as designed are told', () => {
  assert.equal(notFolios(undefined, 4096), undefined);
  assert.equal(notFolios(dirty, 4096), undefined);
  assert.match(notFolios({ ...dirty, ofOrder: 200 }, 4096) ?? '', /200 folios of order 4/);
  assert.match(notFolios({ ...dirty, dirty: 255 }, 4096) ?? '', /255 of 256 folios are dirty/);
  assert.match(notFolios({ ...dirty, withState: 0 }, 4096) ?? '', /have iomap's state/);
  assert.match(notFolios({ ...dirty, state: 'dirty-whole' }, 4096) ?? '', /have iomap's state/);
});
