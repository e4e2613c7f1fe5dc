import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import picomatch from 'picomatch';
import { compileGlob, GlobSpec } from '../../../src/fault/glob.js';

const matches = (glob: string, path: string): boolean => compileGlob(GlobSpec.parse(glob))(path);

describe('GlobSpec', () => {
  const normalForms: [string, string][] = [
    ['/a/**', '/a/**'],
    ['**/x', '**/x'],
    ['a/*', '/a/*'],
    ['./a/*', '/a/*'],
    ['*.log', '/*.log'],
    ['!a', '!/a'],
    ['!/a', '!/a'],
    ['!(a)', '/!(a)'],
    ['{a,b}/c', '/{a,b}/c'],
    ['/', '/'],
  ];
  for (const [given, normal] of normalForms)
    it(`anchors ${given} as ${normal}`, () => assert.equal(GlobSpec.parse(given), normal));

  const broken: [string, RegExp][] = [
    ['', /characters/],
    ['/[a', /is not a glob.*\]/],
    ['/{a', /is not a glob.*\}/],
    ['/(a', /is not a glob.*\)/],
    ['/[z-a]', /is not a glob/],
    ['{/a,/b}/c', /put the leading "\/" before/],
    ['@(a|/b)', /put the leading "\/" before/],
    ['/a//b', /single slashes/],
    ['/a/', /does not end in/],
    ['/a\0', /NUL/],
    [`/${'a'.repeat(4096)}`, /characters/],
  ];
  for (const [given, message] of broken)
    it(`refuses ${JSON.stringify(given.slice(0, 20))}`, () => {
      const result = GlobSpec.safeParse(given);
      assert.match(result.error?.issues[0]?.message ?? '(accepted)', message);
    });
});

describe('compileGlob', () => {
  const cases: [string, string, boolean][] = [
    ['/dir/file', '/dir/file', true],
    ['/dir/file', '/dir/file2', false],
    ['/dir', '/dir/file', false],
    ['/dir/**', '/dir/file', true],
    ['/dir/**', '/dir', true],
    ['/dir/**', '/dir/.hidden/x', true],
    ['/dir/**', '/director', false],
    ['/dir/*', '/dir/a/b', false],
    ['**', '/', true],
    ['**/*.log', '/a.log', true],
    ['**/*.log', '/a/b/c.log', true],
    ['*.log', '/a/c.log', false],
    ['/dir/**', '/dir/new\nline', true],
    ['!/dir/**', '/other', true],
    ['!/dir/**', '/dir/x', false],
    ['/\\*', '/*', true],
    ['/\\*', '/a', false],
    ['/a.c', '/abc', false],
    ['/{a,b}/c', '/b/c', true],
  ];
  for (const [glob, path, expected] of cases)
    it(`${glob} ${expected ? 'takes' : 'leaves'} ${JSON.stringify(path)}`, () =>
      assert.equal(matches(glob, path), expected));

  it('agrees with picomatch, short cuts and all', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      'ab',
      '.a',
      '*',
      '**',
      '?',
      'a*',
      '{a,b}',
      '[ab]',
      '+(a)',
      '!(a)',
    );
    const name = fc.constantFrom('a', 'b', 'ab', '.a', 'aa', 'ba');
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.array(name, { minLength: 1, maxLength: 4 }),
        (pieces, negated, names) => {
          const glob = `${negated ? '!' : ''}/${pieces.join('/')}`;
          const path = `/${names.join('/')}`;
          const expected = picomatch(glob, { dot: true, strictBrackets: true })(path);
          assert.equal(matches(glob, path), expected, `${glob} ${path}`);
        },
      ),
      { numRuns: 3000, seed: 1 },
    );
  });
});
