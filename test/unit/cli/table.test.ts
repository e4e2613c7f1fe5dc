/** Tables: aligned, ASCII, nothing that moves a cursor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPairs, formatTable } from '../../../src/cli/table.js';

test('columns are as wide as their widest cell, and no line ends in blanks', () => {
  assert.equal(
    formatTable(
      [{ title: 'id', align: 'right' }, { title: 'name' }, { title: 'note' }],
      [
        ['1', 'a', ''],
        ['100', 'long name', 'x'],
      ],
    ),
    ' id  name       note\n  1  a\n100  long name  x\n',
  );
});

test('control characters of a cell are shown as question marks', () => {
  assert.equal(formatTable([{ title: 'p' }], [['a\nb\u001b[2J\u009b']]), 'p\na?b?[2J?\n');
  assert.equal(
    formatPairs([
      ['a', 'x\ry'],
      ['long', 'z'],
    ]),
    'a     x?y\nlong  z\n',
  );
});
