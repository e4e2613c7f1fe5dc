import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryInBursts } from '../../../src/trigger/bursts.js';

/** What happened: `.` a try in vain, `+` one that was not, `|` a pause. */
function tried(wanted: number, isObtained: boolean[], msEach = 0): string {
  let happened = '';
  let ms = 0;
  let obtained = 0;
  tryInBursts(
    3,
    () => obtained >= wanted,
    () => {
      ms += msEach;
      const got = isObtained.shift() ?? false;
      if (got) obtained += 1;
      happened += got ? '+' : '.';
      return got;
    },
    {
      pause: () => {
        happened += '|';
      },
      now: () => ms,
    },
  );
  return happened;
}

test('it ends as soon as enough is there', () => {
  assert.equal(tried(0, []), '');
  assert.equal(tried(2, [true, true]), '++');
  assert.equal(tried(1, [false, false, false, true]), '...|+');
});

test('tries in vain are counted, with a pause after each burst, and it gives up in the end', () => {
  assert.equal(tried(2, [false, true]), '.+..|...|...|...|...|...');
});

test('a burst is over after a while, where tries in vain take long', () => {
  assert.equal(tried(1, [], 800), '..|..|..');
  assert.equal(tried(1, [], 4000), '.|.|.');
  assert.equal(tried(2, [false, true], 1000), '.+..|..|..|..', 'counted from the last that was not in vain');
});

test('it gives up sooner where tries in vain take long', () => {
  assert.equal(tried(2, [false, true], 500), '.+..|...|...|...');
  assert.equal(tried(1, [], 400), '...|...|...|...');
  const third = [false, false, false, false, false, false, false, true];
  assert.equal(tried(3, [...third, ...third], 500), '...|...|.+..|...|..+.|...');
});
