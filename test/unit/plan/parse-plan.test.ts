/** Plans that are refused, each by file, line, field, value and what would be right; and those that are not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { waitBeyondMaxHold } from '../../../src/plan/check-plan.js';
import { parsePlan } from '../../../src/plan/parse-plan.js';
import { PlanShape } from '../../../src/plan/plan.js';

const phase = (...lines: readonly string[]) =>
  ['phases:', '- name: a', ...lines.map((line) => `  ${line}`)].join('\n');

const accepted: readonly (readonly [what: string, text: string])[] = [
  [
    'a fault by words and one as an object',
    phase('faults: [hold write, {action: {type: hold}}]', 'until: never'),
  ],
  ['JSON with tabs', '{\n\t"phases": [{"name": "a", "until": "never"}]\n}\n'],
  ['a word with a blank in it', phase(`faults: ['hold read "path=/a b"']`, 'until: never')],
  [
    'an alias',
    `${phase('faults: &all [hold]', 'until: {after: 1s}')}\n- name: b\n  faults: *all\n  until: never`,
  ],
  ['steps alone, for what others hold', phase('steps: [release]')],
  [
    'a condition that an unplugged cable fulfils',
    `${phase('steps: [unplug]')}\n- name: b\n  until: {held: {count: 9}}`,
  ],
  [
    'a condition that what an earlier phase held fulfils',
    `${phase('faults: [hold]', 'until: {held: {count: 9}}')}\n- name: b\n  until: {held: {count: 5}}`,
  ],
  [
    'a glob that may match the same as another',
    phase('faults: [hold write path=/a/*]', 'until: {held: {count: 9, path: "/**/x"}}'),
  ],
  [
    'a fault behind one that takes only some',
    phase('faults: [fail EIO write every=2, hold write]', 'until: {held: {count: 9}}'),
  ],
  [
    'a fault behind one of another opcode',
    phase('faults: [fail EIO read, hold]', 'until: {held: {count: 9, opcodes: [write]}}'),
  ],
  [
    'a fault behind one that is removed before it',
    `${phase('faults: [fail EIO]', 'until: {after: 1s}')}\n- name: b\n  faults: [hold]\n  until: {held: {count: 9}}`,
  ],
  ['as many as can be held', phase('faults: [hold]', 'until: {held: {count: 65535}}')],
];

const broken: readonly (readonly [text: string, line: RegExp])[] = [
  ['', /^p:1: plan: null: give an object$/],
  ['[]', /^p:1: plan: \[\]: give an object$/],
  ['seed: 1', /^p:1: phases: \(not given\): is required: give a list$/],
  ['phases: []', /^p:1: phases: \[\]: give at least 1 of them$/],
  ['seed: -1\nphases: [{name: a, until: never}]', /^p:1: seed: -1: give at least 0$/],
  [
    `{"phases": [\n{"name": "a",\n"until": "neve"}]}`,
    /^p:3: phases\[0\]\.until: "neve": give never, or one of after/,
  ],
  ['phases: [', /^p:1: "phases: \[": is not YAML: /],
  ['{"phases": [}', /^p:1: .*is not YAML: /],
  ['a: 1\na: 2', /^p:2: "a": is given twice; give it once$/],
  ['a: !!js/function x', /^p:1: .*is not YAML: Unresolved tag/],
  ['a: 1\n---\nb: 1', /^p:2: "---": is not YAML: /],
  [
    phase('nope: 1', 'until: never'),
    /^p:3: phases\[0\]\.nope: 1: is not a field here; known: name, faults, until/,
  ],
  [phase(), /^p:2: phases\[0\]\.name: "a": is a phase of nothing; give faults, until or steps$/],
  ['phases:\n- name: "a\\nb"\n  until: never', /^p:2: phases\[0\]\.name: "a\\nb": give 1 to 64 letters/],
  ['phases:\n- until: never', /^p:2: phases\[0\]\.name: \(not given\): is required: give a text$/],
  [
    `${phase('steps: [plug]')}\n- name: a\n  steps: [plug]`,
    /^p:4: phases\[1\]\.name: "a": is the name of an earlier phase/,
  ],
  [
    `${phase('until: never')}\n- name: b\n  steps: [plug]`,
    /^p:4: phases\[1\]\.name: "b": can never be reached: "a" before it waits until never/,
  ],
  [
    phase('until: never', 'steps: [plug]'),
    /^p:4: phases\[0\]\.steps: \["plug"\]: can never be reached behind until: never/,
  ],
  [
    phase('faults: [hold]'),
    /^p:3: phases\[0\]\.faults: \["hold"\]: would be removed as soon as they are armed/,
  ],
  // Faults.
  [
    phase('until: never', 'faults:', '- wobble write'),
    /^p:5: phases\[0\]\.faults\[0\]: "wobble write": fault: "wobble": give an action first: hold, /,
  ],
  [
    phase('until: never', 'faults:', '- hold wirte'),
    /^p:5: phases\[0\]\.faults\[0\]: "hold wirte": opcodes: "wirte": is not an opcode; known: /,
  ],
  [
    phase('until: never', 'faults:', '- fail EFOO read'),
    /^p:5: phases\[0\]\.faults\[0\]: "fail EFOO read": fail: "EFOO": give the name of an errno/,
  ],
  [
    phase('until: never', 'faults:', '- delay pareto:1s'),
    /^p:5: phases\[0\]\.faults\[0\]: .*"pareto:1s": give fixed:100ms, uniform/,
  ],
  [phase('until: never', `faults: ['hold "path']`), /^p:4: phases\[0\]\.faults\[0\]: .*quotes/],
  [
    phase('until: never', 'faults: [5]'),
    /^p:4: phases\[0\]\.faults\[0\]: 5: give a fault, as words or as an object$/,
  ],
  [
    phase('until: never', 'faults:', '- action:', '    type: wobble'),
    /^p:6: phases\[0\]\.faults\[0\]\.action\.type: "wobble": give one of hold, /,
  ],
  [
    phase('until: never', 'faults:', '- action: {type: fail,', '    errno: EFOO}'),
    /^p:6: phases\[0\]\.faults\[0\]\.action\.errno: "EFOO": give the name of an errno/,
  ],
  [
    phase('until: never', 'faults:', '- action: {type: delay, distribution: {kind: pareto}}'),
    /^p:5: phases\[0\]\.faults\[0\]\.action\.distribution\.kind: "pareto": give one of fixed, /,
  ],
  [
    phase('until: never', 'faults: [hold open range=0-1M]'),
    /^p:4: phases\[0\]\.faults\[0\]: "hold open range=0-1M": can never match: none of OPEN is about bytes/,
  ],
  [
    phase('until: never', 'faults: [{action: {type: hold}, match: {opcodes: [open], range: {start: 0}}}]'),
    /^p:4: phases\[0\]\.faults\[0\]\.match\.range: {"start":0}: can never match/,
  ],
  // Conditions.
  [phase('until: {}'), /^p:3: phases\[0\]\.until: {}: give exactly one of after, held, requests$/],
  [phase('until: {after: 1s, held: {atMost: 0}}'), /^p:3: phases\[0\]\.until: .*: give exactly one of/],
  [
    phase('until: {after: 5}'),
    /^p:3: phases\[0\]\.until\.after: 5: give a number and a unit, for example 300ms/,
  ],
  [
    phase('until: {after: 25h}'),
    /^p:3: phases\[0\]\.until\.after: "25h": give a number and a unit .*at most 24h$/,
  ],
  [phase('until: {requests: {count: 0}}'), /^p:3: phases\[0\]\.until\.requests\.count: 0: give at least 1$/],
  [phase('until: {held: {}}'), /^p:3: phases\[0\]\.until\.held: {}: give exactly one of count, atMost$/],
  [phase('until: {held: {count: 0}}'), /held\.count: 0: give at least 1$/],
  [
    phase('until:', '  held:', '    count: 65536'),
    /^p:5: phases\[0\]\.until\.held\.count: 65536: can never be: give at most 65535/,
  ],
  [phase('until: {held: {count: .inf}}'), /held\.count: "Infinity": give a/],
  [phase('until: {held: {count: 1, opcodes: [forget]}}'), /held\.opcodes\[0\]: "forget": has no reply/],
  [phase('until: {held: {count: 1, path: "/a/["}}'), /held\.path: "\/a\/\[": is not a glob/],
  [
    phase('until: {held: {count: 1}}'),
    /^p:3: phases\[0\]\.until\.held: {"count":1}: can never be: by then no fault of this plan can hold requests; .*Faults added from outside do not count$/,
  ],
  [
    phase('faults: [fail EIO, short 1 read]', 'until: {held: {count: 1}}'),
    /no fault of this plan can hold requests/,
  ],
  [
    phase('faults: [hold read]', 'until: {held: {count: 1, opcodes: [write]}}'),
    /no fault of this plan can hold WRITE;/,
  ],
  [
    phase('faults: [hold path=/a]', 'until: {held: {count: 1, path: "/b/**"}}'),
    /can hold requests of \/b\/\*\*;/,
  ],
  [phase('faults: [hold path=/a/**]', 'until: {held: {count: 1, path: /b}}'), /can hold requests of \/b;/],
  [
    phase('faults: [fail EIO, hold write]', 'until: {held: {count: 1}}'),
    /no fault of this plan can hold requests/,
  ],
  [
    phase('faults: [hold write nth=3, hold read nth=1]', 'until: {held: {count: 3}}'),
    /can hold requests 2 at the most/,
  ],
  [
    `${phase('faults: [fail EIO]', 'keep: true')}\n- name: b\n  faults: [hold]\n  until: {held: {count: 9}}`,
    /^p:7: phases\[1\]\.until\.held: .*no fault of this plan can hold requests/,
  ],
  // Steps.
  [
    phase('steps: [relase]'),
    /^p:3: phases\[0\]\.steps\[0\]: "relase": give release, unplug, plug, wait: 5s, or release: {...}$/,
  ],
  [phase('steps: [{}]'), /steps\[0\]: {}: give exactly one of wait, release$/],
  [
    phase('steps:', '- wait: 1s', '- wait: 5x'),
    /^p:5: phases\[0\]\.steps\[1\]\.wait: "5x": give a number and a unit/,
  ],
  [phase('steps: [{wait: 1s, release: {}}]'), /steps\[0\]: .*give exactly one of wait, release$/],
  [phase('steps: [{release: {count: 0}}]'), /steps\[0\]\.release\.count: 0: give at least 1$/],
  [phase('steps: [{release: {fraction: 0}}]'), /steps\[0\]\.release\.fraction: 0: give more than 0$/],
  [phase('steps: [{release: {fraction: 1.5}}]'), /steps\[0\]\.release\.fraction: 1.5: give at most 1$/],
  [
    phase('steps: [{release: {count: 1, fraction: 1}}]'),
    /steps\[0\]\.release\.fraction: 1: give count or fraction, not both$/,
  ],
  [
    phase('steps: [{release: {order: lifo}}]'),
    /steps\[0\]\.release\.order: "lifo": give one of fifo, reversed$/,
  ],
];

const levels = (nr: number) => Array.from({ length: nr }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
const nine = (name: string) => Array.from({ length: 9 }, () => name).join(', ');
const hostile: readonly (readonly [what: string, text: string, line: RegExp])[] = [
  ['brackets without end', '['.repeat(200_000), /nested deeper than 64 levels$/],
  ['nested lists', '- '.repeat(2000), /nested deeper than 64 levels$/],
  ['nested objects', levels(400), /^p:\d+: .*nested deeper than 64 levels$/],
  [
    'a bomb of aliases',
    `a: &a [${nine('x')}]\nb: &b [${nine('*a')}]\nc: &c [${nine('*b')}]\nd: &d [${nine('*c')}]\ne: [${nine('*d')}]`,
    /fewer aliases$/,
  ],
  ['many keys', Array.from({ length: 10_000 }, (_, nr) => `k${nr}: 1`).join('\n'), /phases: \(not given\)/],
  [
    'more faults than anybody wants to go through',
    Array.from(
      { length: 11 },
      (_, nr) => `- {name: p${nr}, until: {after: 1s}, faults: [${Array(100).fill('hold')}]}`,
    )
      .join('\n')
      .replace(/^/, 'phases:\n'),
    /^p:1: phases: .*: have 1100 faults in all; give at most 1000$/,
  ],
  ['a key of every object', '__proto__: {phases: []}', /phases: \(not given\)/],
];

function refuses(text: string, line: RegExp): void {
  assert.throws(
    () => parsePlan(text, 'p'),
    (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.equal(error.exitStatus, 2);
      assert.match(error.message, line);
      assert.ok(!error.message.includes('\n'));
      return true;
    },
  );
}

describe('parsePlan', () => {
  for (const [what, text] of accepted) {
    it(`takes ${what}, and its normal form again`, () => {
      const { plan } = parsePlan(text, 'p');
      assert.deepEqual(parsePlan(JSON.stringify(plan), 'p').plan, plan);
      assert.deepEqual(PlanShape.parse(plan), plan);
    });
  }

  for (const [text, line] of broken) it(`refuses ${JSON.stringify(text)}`, () => refuses(text, line));
  for (const [what, text, line] of hostile) it(`refuses ${what}`, () => refuses(text, line));

  it('puts faults into their normal form', () => {
    const { plan } = parsePlan(phase('faults: [delay fixed:10ms write path=a/*]', 'until: {after: 1s}'), 'p');
    assert.deepEqual(plan.phases[0]?.faults, [
      {
        match: { opcodes: ['FUSE_WRITE'], path: '/a/*' },
        action: { type: 'delay', distribution: { kind: 'fixed', ms: 10 } },
      },
    ]);
  });

  it('knows the line of any part, also of one that an alias stands for', () => {
    const { place } = parsePlan(
      `${phase('faults: &all', '- hold write', '- hold read', 'until: {after: 1s}')}\n- name: b\n  faults: *all\n  until: never`,
      'p',
    );
    assert.equal(place(['phases', 0, 'faults', 1]), 'p:5: phases[0].faults[1]');
    assert.equal(place(['phases', 1, 'until']), 'p:9: phases[1].until');
    assert.equal(place(['phases', 1, 'faults', 1]), 'p:5: phases[1].faults[1]');
    assert.equal(place(['seed']), 'p:1: seed');
  });
});

describe('waitBeyondMaxHold', () => {
  const held = ['faults: [hold]', 'until: {held: {count: 1}}'];
  const beyond = (...lines: string[]) => waitBeyondMaxHold(parsePlan(phase(...lines), 'p').plan, 10_000);

  it('finds the wait in which the watchdog would abort', () => {
    const complaint = beyond(...held, 'steps: [{wait: 6s}, {wait: 4s}, release]');
    assert.deepEqual(complaint?.path, ['phases', 0, 'steps', 1, 'wait']);
    assert.match(
      complaint?.remedy ?? '',
      /for 10000 ms, and after --max-hold \(10000 ms\) the watchdog aborts/,
    );
  });

  it('has nothing against one that is shorter, comes after a release, or with nothing held', () => {
    assert.equal(beyond(...held, 'steps: [{wait: 9s}, release]'), undefined);
    assert.equal(beyond(...held, 'steps: [release, {wait: 1h}]'), undefined);
    assert.equal(beyond('faults: [hold]', 'steps: [{wait: 1h}]'), undefined);
  });
});
