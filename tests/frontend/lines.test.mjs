// What typed text becomes. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './helpers.mjs';

const { lengthOf, longestOf, splitLines } = await load('lines.js');

test('text becomes lines, and length counts characters as the server does', () => {
  assert.deepEqual(splitLines('a\r\nb\n\n  \n  c\rd'), ['a', 'b', '  c', 'd']);
  assert.deepEqual(splitLines(' \n\u200b\u2800\n\u00ad\ufe0f'), []);
  assert.equal(lengthOf('🦉é'), 2);
  assert.equal(longestOf(['ab', 'abc']), 3);
  assert.equal(longestOf([]), 0);
});
