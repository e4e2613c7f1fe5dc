import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ArmEvidence } from '../../../src/report/evidence.js';
import { judge } from '../../../src/report/outcome.js';

/** What a stall on 6.18 looks like; each test spoils one thing. */
const stalled: ArmEvidence = {
  arm: 1,
  cell: 0,
  repeat: 1,
  kind: 'fault',
  variant: undefined,
  scenario: 'writeback-held',
  transport: 'dev-fuse',
  trigger: 'compact',
  mitigation: 'none',
  attempt: 1,
  failure: undefined,
  stuckBy: 'writeback',
  delayMs: undefined,
  letGo: 'release',
  allHangs: false,
  heldRequests: 64,
  heldOthers: 0,
  heldBytes: 64 << 20,
  releasedRequests: 64,
  heldFolios: 16384,
  stuckFolios: 16384,
  stuckWriteback: 16384,
  stuckLocked: 0,
  stuckStill: 16384,
  stuckReachedStill: 20,
  writebackInPlace: true,
  stuckReached: 20,
  stuckMoved: 0,
  stuckReachedMoved: 0,
  stuckMovedAtEnd: 16384,
  stuckReachedMovedAtEnd: 20,
  untrusted: undefined,
  serverPages: undefined,
  folios: undefined,
  nfs: false,
  downMs: undefined,
  controlFolios: 16384,
  controlReached: 20,
  stuckPassed: 20,
  stuckMet: 20,
  controlPassed: 20,
  controlPassedMoved: 0,
  controlPassedGone: 0,
  cost: undefined,
  controlMoved: 0,
  triggerMs: 5100,
  triggerResult: 0,
  triggerEndedAfterRelease: true,
  triggeredAgain: undefined,
  reachedAgain: 0,
  reachedAgainMoved: 0,
  reachedAgainReclaimed: 0,
  endAfterReleaseMs: 40,
  resumedAfterReleaseMs: 3,
  stallMs: 4990,
  locatedInTime: true,
  contendedAtPfn: undefined,
  heldMs: 5000,
  migrateSucceeded: 30000,
  migrateFailed: 0,
  migrateSucceededNearSet: 0,
  migrateFailedNearSet: 0,
  unfinishedMigrations: 1,
  mitigated: undefined,
  repliesRefused: 0,
  lostEvents: 0,
  waiters: [
    {
      role: 'trigger',
      pid: 7,
      comm: 'node',
      state: 'D',
      stack: ['folio_wait_bit_common', 'folio_wait_writeback', 'migrate_pages_batch', 'compact_zone'],
      waitsFor: {
        bdi: '0:39',
        inode: 2,
        index: 2022,
        pfn: 0x105a00,
        unique: '812',
        namedBy: 'folio_wait_writeback',
      },
    },
  ],
  waitsIn: 'folio_wait_writeback',
  writebackBefore: 0,
  writebackAfter: 0,
  verified: true,
  corrupt: [],
};

const migrated: ArmEvidence = {
  ...stalled,
  kind: 'control',
  heldRequests: 0,
  heldBytes: 0,
  heldFolios: 0,
  stuckWriteback: 0,
  writebackInPlace: undefined,
  stuckReached: 16384,
  stuckMoved: 16384,
  stuckReachedMoved: 16384,
  controlReached: 16384,
  controlMoved: 16384,
  triggerMs: 90,
  triggerEndedAfterRelease: false,
  endAfterReleaseMs: undefined,
  heldMs: undefined,
  unfinishedMigrations: 0,
  waiters: [],
};

const locked: ArmEvidence = {
  ...stalled,
  stuckBy: 'lock',
  stuckWriteback: 0,
  stuckLocked: 16384,
  waitsIn: '__folio_lock',
  waiters: stalled.waiters.map((one) => ({ ...one, stack: ['folio_wait_bit_common', '__folio_lock'] })),
};

/** Tried, failed, let go, tried again. */
const pinned: ArmEvidence = {
  ...migrated,
  kind: 'fault',
  stuckBy: 'reference',
  heldRequests: 64,
  heldBytes: 64 << 20,
  heldFolios: 16384,
  stuckMoved: 0,
  stuckReachedMoved: 0,
  stuckMovedAtEnd: 740,
  migrateFailed: 16_400,
  migrateFailedNearSet: 16_384,
  triggeredAgain: 0,
  reachedAgain: 750,
  reachedAgainMoved: 740,
};

/** offline_pages(): over and over until the pipes were drained. */
const looped: ArmEvidence = {
  ...pinned,
  trigger: 'offline',
  reach: 'asked',
  triggerEndedAfterRelease: true,
  triggeredAgain: undefined,
  reachedAgain: 0,
  reachedAgainMoved: 0,
  stuckMovedAtEnd: 16_384,
  stuckReachedStill: 16_384,
  stuckReachedMovedAtEnd: 16_384,
};

const [waiter] = stalled.waiters;

describe('judge', () => {
  it('calls a proven stall stalled, and a proven move migrated', () => {
    assert.equal(judge(stalled).outcome, 'stalled');
    assert.equal(judge(migrated).outcome, 'migrated');
    assert.equal(judge(locked).outcome, 'stalled');
  });

  it('takes a sample for all where all of it moved, and says how large it was; not where some stayed', () => {
    const sample = { ...migrated, stuckReached: 328, stuckMoved: 328, stuckReachedMoved: 328 };
    assert.equal(judge(sample).outcome, 'migrated');
    assert.match(judge(sample).reason, /328 of 16384 .*; the scanner reached no more than 328$/);
    for (const other of [{ stuckReached: 327, stuckReachedMoved: 327 }, { stuckReachedMoved: 300 }])
      assert.equal(judge({ ...sample, ...other }).inconclusive, true);
  });

  it('calls failed what was tried, did not move, and moved once it was let go', () => {
    const { outcome, reason } = judge(pinned);
    assert.equal(outcome, 'failed');
    assert.match(
      reason,
      /failed: 16384 where the set lies; none of it moved; 740 of 750 reached again did after/,
    );
  });

  it('counts as let go what was reclaimed as soon as nobody referred to it', () => {
    const reclaimed = { reachedAgain: 16_000, reachedAgainMoved: 500, reachedAgainReclaimed: 15_000 };
    const { outcome, reason } = judge({ ...pinned, ...reclaimed });
    assert.equal(outcome, 'failed');
    assert.match(reason, /; 500 of 16000 reached again did, and 15000 were reclaimed, after the release/);
    const too = judge({ ...pinned, ...reclaimed, reachedAgainReclaimed: 7000 });
    assert.match(too.reason, /but only 500 of 16000 reached again moved, and 7000 were reclaimed, after/);
    assert.equal(judge({ ...pinned, reachedAgain: 327, reachedAgainMoved: 327 }).outcome, 'unknown');
  });

  it('does not call failed what only a reference kept, where nobody asked whether it moves without', () => {
    const { outcome, reason } = judge({ ...pinned, triggeredAgain: undefined });
    assert.equal(outcome, 'unknown');
    assert.match(reason, /was not asked/);
  });

  it('calls not-attempted what the scanner passed over without a failure', () => {
    const passedOver = { ...pinned, migrateFailedNearSet: 0 };
    const { outcome, reason } = judge(passedOver);
    assert.equal(outcome, 'not-attempted');
    assert.match(
      reason,
      /passed over 16384 of 16384 .* reached 16384 of 16384 beside them, where 16384 moved/,
    );
    const least = { ...passedOver, controlReached: 4096, controlMoved: 4096 };
    assert.equal(judge(least).outcome, 'not-attempted');
  });

  it('wants more than a few beside it that moved before it says that nothing was tried', () => {
    for (const few of [1, 4095]) {
      const judged = judge({ ...pinned, migrateFailedNearSet: 0, controlReached: few, controlMoved: few });
      assert.deepEqual([judged.outcome, judged.inconclusive], ['unknown', true]);
      assert.match(judged.reason, new RegExp(`reached ${few} of 16384 beside them only`));
    }
  });

  const doubts: readonly (readonly [string, ArmEvidence, RegExp])[] = [
    ['a broken arm', { ...stalled, failure: 'the trigger process 7 was killed' }, /killed/],
    ['something answered twice', { ...migrated, repliesRefused: 1 }, /refused 1 of the replies/],
    ['replies that were not counted', { ...migrated, repliesRefused: undefined }, /replies were not counted/],
    ['a trace with holes', { ...stalled, lostEvents: 3 }, /lost 3 events/],
    ['fewer held than stuck', { ...stalled, heldFolios: 16383 }, /16383 of 16384/],
    ['flags that disagree', { ...stalled, stuckWriteback: 9, writebackInPlace: undefined }, /WRITEBACK on 9/],
    ['folios that are up to date already', { ...locked, stuckLocked: 16000 }, /LOCKED .* on 16000/],
    [
      'locks that were gone before the release',
      { ...locked, stuckStill: 16000 },
      /16000 of 16384 folios were/,
    ],
    ['pins of folios that are under writeback still', { ...pinned, stuckWriteback: 1 }, /WRITEBACK on 1 of/],
    [
      'pins that made no difference in the end',
      { ...pinned, reachedAgainMoved: 20 },
      /only 20 of 750 reached again moved after the release/,
    ],
    [
      'pins that nobody came by again',
      { ...pinned, reachedAgain: 0, reachedAgainMoved: 0 },
      /only 0 of 0 reached again/,
    ],
    [
      'failures too few for the set',
      { ...pinned, migrateFailedNearSet: 40 },
      /too few for the 16384 that the scanner reached/,
    ],
    ['a set that nobody sees any more', { ...pinned, stuckStill: 900 }, /900 of 16384 folios only were seen/],
    ['a fault that was never let go', { ...pinned, letGo: undefined }, /ended before the release/],
    ['a stall that was never let go', { ...stalled, letGo: undefined }, /ended before the release/],
    ['a second trigger that failed', { ...pinned, triggeredAgain: -4 }, /second time: errno 4/],
    ['pins beside a control set that stayed', { ...pinned, controlMoved: 0 }, /control set beside them/],
    ['a connection of which only writes hang', { ...stalled, allHangs: true }, /no other request/],
    ['folios that were looked for too late', { ...stalled, locatedInTime: false }, /only after the first/],
    ['a fault arm of nothing', { ...stalled, stuckBy: null }, /does not say what keeps/],
    ['requests that somebody let go before', { ...stalled, releasedRequests: 60 }, /60 of 64 requests/],
    ['data that nobody verified', { ...stalled, verified: false }, /before its data was verified/],
    [
      'writeback that does not come back',
      { ...stalled, writebackAfter: 9999 },
      /nr_writeback did not come back/,
    ],
    [
      'a wait for a folio lock',
      { ...stalled, waiters: waiter ? [{ ...waiter, stack: ['folio_wait_bit', '__folio_lock'] }] : [] },
      /not in folio_wait_writeback/,
    ],
    ['no waiter', { ...stalled, waiters: [] }, /never seen in D state/],
    [
      'a wait for something else',
      { ...stalled, waiters: waiter ? [{ ...waiter, stack: ['rwsem_down_read_slowpath'] }] : [] },
      /rwsem_down_read_slowpath/,
    ],
    ['no unfinished migration', { ...stalled, unfinishedMigrations: 0 }, /mm_migrate_pages_start/],
    [
      'a folio that nobody holds',
      {
        ...stalled,
        waiters: waiter
          ? [{ ...waiter, waitsFor: { bdi: '8:0', inode: 99, index: 1, namedBy: 'folio_wait_writeback' } }]
          : [],
      },
      /inode 99 index 1/,
    ],
    ['a folio that moved all the same', { ...stalled, stuckMoved: 1 }, /1 folios moved/],
    ['a migration that went on waiting', { ...stalled, resumedAfterReleaseMs: 1500 }, /1500 ms/],
    ['a migration that never ended', { ...stalled, resumedAfterReleaseMs: undefined }, /never/],
    ['a trigger that failed', { ...stalled, triggerResult: -4 }, /errno 4/],
    ['lost data', { ...stalled, corrupt: ['stuck file: fsync said EIO'] }, /EIO/],
    [
      'a scanner that did not come by',
      { ...migrated, stuckReached: 100, stuckMoved: 100, stuckReachedMoved: 100 },
      /reached 100/,
    ],
    ['half a set moved', { ...migrated, stuckMoved: 8000, stuckReachedMoved: 8000 }, /8000 of 16384/],
    [
      'a set that stayed, beside a control set that stayed',
      { ...migrated, stuckMoved: 0, stuckReachedMoved: 0, controlMoved: 0 },
      /control set beside them did not move either/,
    ],
    [
      'a run that broke off before its set was named',
      { ...migrated, stuckFolios: 0 },
      /before the stuck set/,
    ],
    [
      'a run that broke off before its trigger ended',
      { ...migrated, triggerMs: undefined },
      /before the trigger/,
    ],
  ];
  for (const [name, evidence, reason] of doubts) {
    it(`is unknown, with the reason, for ${name}`, () => {
      const judgement = judge(evidence);
      assert.equal(judgement.outcome, 'unknown');
      assert.match(judgement.reason, reason);
    });
  }

  it('is inconclusive, and nothing else is, where the scanner did not come by', () => {
    const missed = judge({ ...migrated, stuckReached: 100, stuckMoved: 100, contendedAtPfn: 0x118900 });
    assert.equal(missed.inconclusive, true);
    assert.match(missed.reason, /contended at pfn 0x118900/);
    assert.equal(judge({ ...migrated, stuckMoved: 8000, stuckReachedMoved: 8000 }).inconclusive, undefined);
    assert.equal(judge({ ...stalled, lostEvents: 1 }).inconclusive, undefined);
  });

  it('is told by what had moved of a set before it was let go, though the trigger went on', () => {
    const { waiters, stuckFolios } = stalled;
    const moved = {
      ...stalled,
      stuckReached: stuckFolios,
      stuckMoved: stuckFolios,
      stuckReachedMoved: stuckFolios,
    };
    assert.equal(judge({ ...moved, waiters: [] }).outcome, 'migrated');
    const some = { ...moved, stuckReached: 400, stuckMoved: 400, stuckReachedMoved: 400, waiters: [] };
    assert.match(
      judge(some).reason,
      /400 of 16384 folios are at another pfn; the scanner reached no more than 400/,
    );
    assert.equal(judge({ ...some, stuckReached: 500 }).outcome, 'unknown', 'the others had yet to move');
    assert.equal(judge({ ...moved, waiters }).outcome, 'unknown', 'it was seen to wait all the same');
    assert.equal(judge({ ...moved, waiters: [], locatedInTime: false }).outcome, 'unknown');
  });

  it('is inconclusive where a delay ran out before everything was seen, or a trigger was slow', () => {
    const delayed: ArmEvidence = { ...stalled, letGo: 'delay', delayMs: 250 };
    assert.match(
      judge(delayed).reason,
      /until the first delayed answer; the migration went on 3 ms after it/,
    );
    const late: readonly Partial<ArmEvidence>[] = [
      { waiters: [] },
      { locatedInTime: false },
      { heldFolios: 256 },
      { releasedRequests: 60 },
    ];
    for (const one of late) {
      assert.equal(judge({ ...delayed, ...one }).outcome, 'unknown');
      assert.equal(judge({ ...delayed, ...one }).inconclusive, true);
    }
    assert.equal(judge({ ...stalled, waiters: [] }).inconclusive, undefined);
    const slow = judge({ ...stalled, waiters: [], stuckMoved: stalled.stuckFolios - 1 });
    assert.deepEqual([slow.outcome, slow.inconclusive], ['unknown', true], 'it moves them, slowly');
    assert.equal(judge({ ...delayed, stuckMoved: 1 }).inconclusive, undefined);
  });

  it('takes what was asked for in place of what the scanner reached, and needs no control set then', () => {
    const asked: ArmEvidence = { ...migrated, reach: 'asked', stuckReached: 1, stuckReachedMoved: 1 };
    const one = judge({ ...asked, stuckMoved: 1 });
    assert.equal(one.outcome, 'migrated');
    assert.match(one.reason, /^1 of 1 folios that were asked for are at another pfn$/);
    const none = judge({ ...asked, stuckReached: 0, stuckReachedMoved: 0 });
    assert.deepEqual([none.outcome, none.inconclusive], ['unknown', undefined]);
    assert.match(none.reason, /none of the 16384 folios was asked for/);
    const some = judge({ ...asked, stuckReached: 512, stuckReachedMoved: 374, stuckMoved: 374 });
    assert.deepEqual([some.outcome, some.inconclusive], ['unknown', true]);
    const stayed = {
      ...pinned,
      reach: 'asked' as const,
      controlReached: 0,
      controlMoved: 0,
      stuckReachedStill: 16_384,
    };
    assert.match(judge(stayed).reason, /failed: 16384 of what was asked for; none of it moved/);
    const refused = { ...stayed, migrateFailedNearSet: 0, pageStatus: { EBUSY: 16384 } };
    assert.equal(judge(refused).outcome, 'not-attempted');
    assert.match(judge(refused).reason, /the kernel tried none; page status: 16384 x EBUSY$/);
  });

  it('measures by what was asked for, not by the rest of the set', () => {
    // One frame of many, that failed, and moved once it was let go: the others may lie anywhere.
    const one: ArmEvidence = {
      ...pinned,
      reach: 'asked',
      stuckReached: 1,
      stuckReachedStill: 1,
      stuckStill: 1,
      stuckMoved: 40,
      migrateFailedNearSet: 1,
      reachedAgain: 1,
      reachedAgainMoved: 1,
    };
    assert.equal(judge(one).outcome, 'failed');
    assert.match(judge(one).reason, /1 of 1 reached again did after the release$/);
    assert.match(
      judge({ ...one, stuckReachedStill: 0, stuckStill: 16_384 }).reason,
      /^0 of 1 folios that were/,
    );
    assert.equal(judge({ ...one, stuckReachedMoved: 1, migrateFailedNearSet: 0 }).outcome, 'migrated');
    const half = judge({ ...one, stuckReached: 2, stuckReachedMoved: 1 });
    assert.deepEqual([half.outcome, half.inconclusive], ['unknown', true]);
    assert.equal(judge({ ...one, reach: undefined }).outcome, 'unknown', 'of a scan the whole set counts');
  });

  it('is unknown at once where no range was emptied, as asking again helps no more', () => {
    const nothing: ArmEvidence = {
      ...migrated,
      stuckReached: 0,
      stuckMoved: 0,
      stuckReachedMoved: 0,
      emptied: { wanted: 1, obtained: 0, scannedRanges: 0, keptBy: ['gibibyte at pfn 0x0: 3 SLAB'] },
    };
    const none = judge(nothing);
    assert.deepEqual([none.outcome, none.inconclusive], ['unknown', undefined]);
    assert.match(
      none.reason,
      /isolated nothing to move.*; of 1 huge pages it gave 0; gibibyte at pfn 0x0: 3 SLAB$/,
    );
    const elsewhere = judge({ ...nothing, emptied: { wanted: 1, obtained: 1, scannedRanges: 2 } });
    assert.deepEqual([elsewhere.outcome, elsewhere.inconclusive], ['unknown', true]);
  });

  it('tells what a machine said of memory that was to be taken out', () => {
    const unplugged = { said: 'DEVICE_DELETED', blocks: 2, blocksLeft: 0 };
    const gone: ArmEvidence = { ...migrated, reach: 'asked', unplugged };
    assert.match(judge(gone).reason, /at another pfn; DEVICE_DELETED, 0 of 2 memory blocks left$/);
    const left = judge({ ...gone, triggerResult: -5, unplugged: { ...unplugged, blocksLeft: 1 } });
    assert.equal(left.outcome, 'unknown');
    assert.match(left.reason, /the trigger failed: errno 5; DEVICE_DELETED, 1 of 2 memory blocks left/);
  });

  it('takes an errno for an answer only where the trigger says that it is one', () => {
    const refused: ArmEvidence = {
      ...pinned,
      reach: 'asked',
      stuckReachedStill: 16_384,
      triggerResult: -16,
      triggerAnswer: 'is busy',
    };
    assert.equal(judge(refused).outcome, 'failed');
    assert.match(judge(refused).reason, /none of it moved; errno 16: is busy/);
    assert.match(judge({ ...refused, triggerAnswer: undefined }).reason, /the trigger failed: errno 16/);
  });

  it('gives a migration of many pages the time to move them', () => {
    const block: ArmEvidence = { ...stalled, resumedAfterReleaseMs: 3080, resumedPages: 31_050 };
    assert.equal(judge(block).outcome, 'stalled');
    assert.match(
      judge({ ...block, resumedPages: 32 }).reason,
      /3080 ms .* not within 1\.0 s for its 32 pages/,
    );
  });

  it('counts from the moment at which the server had let go, where that took its time', () => {
    const slow: ArmEvidence = {
      ...stalled,
      resumedAfterReleaseMs: 2500,
      releaseTookMs: 2400,
      resumedPages: 32,
    };
    assert.equal(judge(slow).outcome, 'stalled');
    assert.match(judge({ ...slow, releaseTookMs: 900 }).reason, /2500 ms .* not within 1\.9 s/);
    assert.match(judge({ ...slow, releaseTookMs: undefined }).reason, /not within 1\.0 s/);
  });

  it('wants no migration begun of a trigger that waits before it', () => {
    const waits: ArmEvidence = { ...stalled, reach: 'asked', waitsBeforeMigration: true };
    assert.equal(judge({ ...waits, unfinishedMigrations: 0 }).outcome, 'stalled');
    assert.equal(judge({ ...waits, unfinishedMigrations: 0, waiters: [] }).outcome, 'unknown');
  });

  it('tells "tried and failed" from "passed over"', () => {
    assert.equal(
      judge({
        ...migrated,
        stuckMoved: 0,
        stuckReachedMoved: 0,
        migrateFailed: 16_384,
        migrateFailedNearSet: 16_384,
      }).outcome,
      'failed',
    );
    assert.equal(
      judge({ ...migrated, stuckMoved: 0, stuckReachedMoved: 0, migrateFailed: 40 }).outcome,
      'not-attempted',
    );
  });
});

describe('a trigger that asks for huge pages', () => {
  /** Direct compaction that has passed over folios under writeback. */
  const cost = {
    wanted: 264,
    obtained: 34,
    takenBefore: 10_000,
    exhausted: true,
    pageblocks: 132,
    pageblocksFreed: 0,
    stuckInFreed: 0,
    stuckInFreedMoved: 0,
    stuckInFreedGone: 0,
    compactStall: 50,
    compactFail: 20,
    compactSuccess: 30,
  };
  const passedOver: ArmEvidence = {
    ...stalled,
    trigger: 'hugetlb-alloc',
    triggerEndedAfterRelease: false,
    unfinishedMigrations: 0,
    waiters: [],
    stuckReached: 16384,
    stuckPassed: 16360,
    stuckMet: 16360,
    controlReached: 16384,
    controlPassed: 16359,
    controlPassedMoved: 16300,
    controlPassedGone: 0,
    controlMoved: 16300,
    migrateFailedNearSet: 96,
    cost,
  };
  const given = (freed: Partial<typeof cost>): ArmEvidence => ({
    ...passedOver,
    cost: { ...cost, ...freed },
  });

  it('not-attempted: passed over, while those beside them moved', () => {
    const { outcome, reason } = judge(passedOver);
    assert.equal(outcome, 'not-attempted');
    assert.match(
      reason,
      /met 16360 of 16384 folios, 16360 times in all, and tried at most 96 times; 16300 of 16359 .* moved, 0 .*; 0 of 132 pageblocks/,
    );
  });

  it('not-attempted: many passes, each with a few failures of others', () => {
    const often = { ...passedOver, stuckMet: 163_600, migrateFailedNearSet: 900 };
    assert.equal(judge(often).outcome, 'not-attempted');
    const once = judge({ ...often, stuckMet: 16_360 });
    assert.deepEqual([once.outcome, once.inconclusive], ['unknown', true]);
  });

  it('reclaimed folios beside them say nothing, as long as some are left and moved', () => {
    const some = { ...passedOver, controlPassedMoved: 400, controlPassedGone: 15_950 };
    assert.equal(judge(some).outcome, 'not-attempted');
    const none = { ...passedOver, controlPassedMoved: 9, controlPassedGone: 16_350 };
    assert.deepEqual([judge(none).outcome, judge(none).inconclusive], ['unknown', true]);
  });

  it('migrated: its pageblocks are huge pages now, and the folios elsewhere', () => {
    const freed = { pageblocksFreed: 90, stuckInFreed: 11_000, stuckInFreedMoved: 10_990, obtained: 120 };
    assert.equal(judge(given(freed)).outcome, 'migrated');
    const notSeen = judge(given({ ...freed, stuckInFreedMoved: 5000 }));
    assert.deepEqual([notSeen.outcome, notSeen.inconclusive], ['unknown', true]);
  });

  it('failed: tried as often as there are folios', () => {
    assert.equal(judge({ ...passedOver, migrateFailedNearSet: 30_000 }).outcome, 'failed');
    assert.equal(judge({ ...passedOver, migrateFailedNearSet: 2000 }).outcome, 'unknown');
  });

  it('failed: those beside them moved, says the trace, and were reclaimed since', () => {
    const gone = { ...passedOver, controlPassedMoved: 0, controlPassedGone: 16_359 };
    const tried = { ...gone, migrateFailedNearSet: 30_000 };
    const judged = judge({ ...tried, migrateSucceededNearSet: 328 });
    assert.equal(judged.outcome, 'failed');
    assert.match(judged.reason, /; 328 beside them moved, by the trace/);
    for (const unproven of [
      { ...tried, migrateSucceededNearSet: 327 },
      // Some are there still, and have not moved.
      { ...tried, migrateSucceededNearSet: 328, controlPassedGone: 15_000 },
      { ...gone, migrateSucceededNearSet: 328 },
    ])
      assert.match(judge(unproven).reason, /of those passed over only 0 of/);
  });

  const unproven: readonly (readonly [what: string, evidence: ArmEvidence, reason: RegExp])[] = [
    ['others were left', given({ exhausted: false }), /memory ran short/],
    ['only passes that leave some out', { ...passedOver, stuckPassed: 900 }, /leave none out went by 900/],
    ['those beside them stayed', { ...passedOver, controlPassedMoved: 8000 }, /only 8000 of 16359/],
    ['some moved', { ...passedOver, stuckMoved: 3 }, /3 folios have moved/],
    ['not seen in place', { ...passedOver, stuckStill: 100 }, /100 of 16384/],
    ['not counted', { ...passedOver, cost: 'no event pageblocks' }, /^no event pageblocks$/],
  ];
  for (const [what, evidence, reason] of unproven) {
    it(`unknown: ${what}`, () => {
      const judged = judge(evidence);
      assert.equal(judged.outcome, 'unknown');
      assert.match(judged.reason, reason);
    });
  }
});

describe('an NFS client whose link was down', () => {
  const nfs: ArmEvidence = {
    ...stalled,
    scenario: 'nfs-cable-trip',
    nfs: true,
    letGo: 'link-up',
    downMs: 4000,
    writebackInPlace: undefined,
    repliesRefused: undefined,
  };

  it('is stalled until the link is up, and there are no replies of ours to be counted', () => {
    assert.equal(judge(nfs).outcome, 'stalled');
    assert.match(judge(nfs).reason, /until the link was up/);
  });

  it('may go on as much later as TCP had backed off', () => {
    assert.equal(judge({ ...nfs, resumedAfterReleaseMs: 6500 }).outcome, 'stalled');
    assert.equal(judge({ ...nfs, resumedAfterReleaseMs: 7500 }).outcome, 'unknown');
    assert.equal(judge({ ...stalled, resumedAfterReleaseMs: 6500 }).outcome, 'unknown', 'of others no more');
  });

  it('is unknown where the flags or the trace do not show the whole set', () => {
    assert.match(judge({ ...nfs, stuckWriteback: 16383 }).reason, /WRITEBACK on 16383 of 16384/);
    assert.match(judge({ ...nfs, heldFolios: 16383 }).reason, /unanswered WRITEs for 16383/);
  });
});

describe('a trigger that goes on until the reference is gone', () => {
  it('has failed where it tried the folios, and moved them afterwards', () => {
    const { outcome, reason } = judge({
      ...looped,
      logged: { pfn: 7, text: 'migrating pfn 7 failed ret:1' },
    });
    assert.equal(outcome, 'failed');
    assert.match(
      reason,
      /until the release: 16384 tries .* 16384 of 16384 moved after it; kernel log: migrating pfn 7/,
    );
    assert.equal(judge(looped).outcome, 'failed', 'the log is rate-limited');
  });

  it('is unknown where it did not try them, moved some before, or moved few afterwards', () => {
    for (const [spoilt, why] of [
      // Absent from the pagemap at the end of the hold: they may have moved before the release.
      [{ stuckReachedStill: 0 }, /only 0 of 16384 were seen where they had been just before it/],
      [{ stuckReached: 8000, stuckReachedStill: 3616 }, /only 3616 of 8000 were seen/],
      [{ migrateFailedNearSet: 0 }, /0 tries .* too few for the 16384/],
      [{ migrateFailedNearSet: 8000 }, /too few/],
      [{ stuckMoved: 3 }, /3 folios moved before the release/],
      [{ stuckReachedMovedAtEnd: 8000 }, /only 8000 of 16384 moved after it/],
      [{ triggerResult: -4, triggerAnswer: 'a signal came' }, /then failed: errno 4/],
    ] as const) {
      const { outcome, reason } = judge({ ...looped, ...spoilt });
      assert.equal(outcome, 'unknown');
      assert.match(reason, why);
    }
  });
});
