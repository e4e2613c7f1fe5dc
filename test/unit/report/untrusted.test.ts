/** untrusted-mount: what is no proof of an untrusted user under FUSE's own limits. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEvent, RunEventBody } from '../../../src/record/events.js';
import { ArmEvents } from '../../../src/report/arm-events.js';
import { notUntrusted, type UntrustedEvidence, untrustedEvidence } from '../../../src/report/untrusted.js';
import { judgeRun } from '../../../src/report/write.js';
import { editEvents, syntheticRun } from './synthetic-run.js';

const at = { writtenBytes: 42 << 20, heldRequests: 31, heldBytes: 31 << 20, writebackPages: 7936 };
const user: UntrustedEvidence = {
  serverUid: 65_534,
  writerUid: 65_534,
  ownUserNamespace: true,
  maxRatio: 1,
  strictLimit: 1,
  wantedBytes: 64 << 20,
  writerStack: ['balance_dirty_pages', 'balance_dirty_pages_ratelimited_flags', 'iomap_file_buffered_write'],
  atTrigger: at,
  atHoldEnd: at,
};

describe('notUntrusted', () => {
  it('has nothing to say of a stopped writer under the limits, nor of an arm of root', () => {
    assert.equal(notUntrusted(user, true), undefined);
    assert.equal(notUntrusted(undefined, true), undefined);
    // Before 6.2 strict_limit could not be read.
    assert.equal(notUntrusted({ ...user, strictLimit: null }, true), undefined);
  });

  it('wants no writer stopped where nothing is withheld', () => {
    assert.equal(notUntrusted({ ...user, writerStack: null, atHoldEnd: null }, false), undefined);
  });

  const refused: readonly (readonly [spoiled: UntrustedEvidence | null, reason: RegExp])[] = [
    [null, /not recorded/],
    [{ ...user, serverUid: 0 }, /as root/],
    [{ ...user, writerUid: 0 }, /as root/],
    [{ ...user, ownUserNamespace: false }, /in the user namespace of the machine/],
    [{ ...user, maxRatio: 100 }, /not FUSE's own: max_ratio 100, strict_limit 1/],
    [{ ...user, strictLimit: 0 }, /not FUSE's own: max_ratio 1, strict_limit 0/],
    [{ ...user, maxRatio: null }, /not FUSE's own/],
    [{ ...user, writerStack: null }, /67108864 bytes was never seen in balance_dirty_pages.*--stuck/],
    [{ ...user, writerStack: ['request_wait_answer'] }, /never seen in balance_dirty_pages/],
  ];
  for (const [spoiled, reason] of refused) {
    it(`says why it is none: ${reason.source}`, () =>
      assert.match(notUntrusted(spoiled, true) ?? '', reason));
  }
});

const sample = (when: 'set-named' | 'hold-ended', maxRatio = 1): RunEventBody => {
  const { atTrigger, atHoldEnd: _, ...who } = user;
  return { event: 'untrusted', arm: 1, when, ...who, ...atTrigger, maxRatio };
};

describe('untrustedEvidence', () => {
  const started = { event: 'arm-started', arm: 1, untrusted: true } as Parameters<
    typeof untrustedEvidence
  >[0];
  const evidence = (...bodies: readonly RunEventBody[]) =>
    untrustedEvidence(started, new ArmEvents(bodies as readonly RunEvent[], 1));

  it('joins what was recorded before the trigger and at the end of the hold', () => {
    assert.deepEqual(evidence(sample('set-named'), sample('hold-ended')), user);
    assert.deepEqual(evidence(sample('set-named')), { ...user, atHoldEnd: null });
  });

  it('is null where nothing was recorded, and shows a limit that was lifted meanwhile', () => {
    assert.equal(evidence(), null);
    assert.equal(evidence(sample('set-named'), sample('hold-ended', 50))?.maxRatio, 50);
    assert.equal(evidence(sample('set-named', 50), sample('hold-ended'))?.maxRatio, 50);
  });
});

describe('a run of untrusted-mount', () => {
  const asUntrusted = (lines: string[], ...samples: readonly RunEventBody[]) =>
    lines.flatMap((line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      if (event['event'] === 'arm-started')
        return JSON.stringify({ ...event, scenario: 'untrusted-mount', untrusted: true });
      const isFault = event['event'] === 'trigger-started' && event['arm'] === 1;
      const added = isFault ? samples.map((one) => JSON.stringify({ ...one, atNs: event['atNs'] })) : [];
      return [...added, line];
    });

  it('passes where the user was one, and carries its figures into run.json', (t) => {
    const run = syntheticRun(t);
    editEvents(run, (lines) => asUntrusted(lines, sample('set-named'), sample('hold-ended')));
    const fault = judgeRun(run).cells[1];
    assert.equal(fault?.outcome, 'stalled', fault?.reason);
    assert.equal(fault.verdict, 'pass');
    assert.deepEqual(fault.evidence.untrusted, user);
  });

  it('is unknown where the user was not recorded, or was never stopped', (t) => {
    const run = syntheticRun(t);
    editEvents(run, (lines) => asUntrusted(lines));
    assert.match(judgeRun(run).cells[1]?.reason ?? '', /the user and its limits were not recorded/);
    const never = { ...sample('set-named'), writerStack: null } as RunEventBody;
    editEvents(run, (lines) => asUntrusted(lines, never));
    const fault = judgeRun(run).cells[1];
    assert.equal(fault?.verdict, 'unknown');
    assert.match(fault.reason ?? '', /never seen in balance_dirty_pages/);
  });
});
