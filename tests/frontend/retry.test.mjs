// When the page tries again. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './helpers.mjs';

const { meaningOfClose, retryDelay } = await load('retry.js');

test('close codes: who is tried again, and in whose words', () => {
  const retried = [1000, 1001, 1006, 1008, 1009, 1011, 1013, 4001, 4002].filter((code) => meaningOfClose(code, '').retry);
  assert.deepEqual(retried, [1001, 1006, 1011, 1013, 4002]);
  assert.equal(meaningOfClose(1008, 'too many of you').why, 'too many of you');
  assert.equal(meaningOfClose(1001, 'The room is closing, come back soon').why, 'The room is restarting');
  assert.equal(meaningOfClose(4001, '').elsewhere, true);
  assert.equal(meaningOfClose(1006, '').why, 'Offline');
});

test('the wait doubles, is never even, and never passes thirty seconds', () => {
  assert.deepEqual([0, 1, 2, 3].map((n) => retryDelay(n, 0.5)), [1, 2, 4, 8]);
  assert.deepEqual([retryDelay(0, 0), retryDelay(0, 0.999)].map((s) => Math.round(s * 10)), [5, 15]);
  assert.equal(retryDelay(500, 0.999), 30);
});
