// What is shown of the lines. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bob, history, joined, load, lost, play, resumed, said, welcome } from './helpers.mjs';

const { rowsOf, summaryOf } = await load('rows.js');
const { reduce } = await load('store.js');

const DAY = 86400;
const came = (nick) => ({ type: 'joined', nick, via: 'web', at: 1 });
const went = (nick) => ({ type: 'left', nick, at: 1 });
const types = (state) => rowsOf(state.lines, state).map((row) => row.type);
const keyed = (lines) => lines.map((line, key) => ({ ...line, key }));

test('the next line of the same speaker continues the one before, within five minutes', () => {
  const at = (time, via = 'web') => ({ type: 'said', nick: 'bob', via, at: time, text: 'x' });
  const rows = rowsOf(keyed([at(1000), at(1299), at(1600), at(1601, 'telnet'), { type: 'notice', text: 'x' }, at(1602, 'telnet')]));
  assert.deepEqual(rows.map((row) => row.continued), [false, true, false, false, false, false]);
});

test('a new day has a heading, and today alone has none', () => {
  const line = (at) => ({ type: 'said', ...bob, at, text: 'x' });
  assert.deepEqual(rowsOf(keyed([line(DAY), line(DAY + 1)])).map((row) => row.type), ['said', 'said']);
  assert.deepEqual(rowsOf(keyed([line(DAY), line(3 * DAY), line(3 * DAY)])).map((row) => row.type), ['day', 'said', 'day', 'said', 'said']);
});

test('comings and goings in a row are one row, until somebody speaks', () => {
  const state = joined([
    { ...came('carol'), id: 1 }, { ...went('bob'), id: 2 }, said(3), { ...came('dan'), id: 4 },
  ]);
  assert.deepEqual(types(state), ['welcome', 'traffic', 'said', 'traffic']);
});

test('a row of comings and goings keeps its key while it grows', () => {
  const before = rowsOf(keyed([came('carol')]))[0];
  const after = rowsOf(keyed([came('carol'), came('dan')]))[0];
  assert.equal(before.key, after.key);
  assert.notEqual(before.sign, after.sign);
});

test('who came and went again is told so once', () => {
  assert.deepEqual(summaryOf([came('ann'), came('bob'), went('ann'), went('eve'), came('eve'), went('dan'), came('fay'), went('fay'), came('fay')]), [
    ['left', ['dan'], 1],
    ['joined', ['bob', 'fay'], 2],
    ['joined and left', ['ann'], 1],
    ['left and came back', ['eve'], 1],
  ]);
});

test('a crowd’s comings and goings are counted with the others', () => {
  const presence = { type: 'presence', left: ['ann'], left_total: 3, joined: [bob], joined_total: 40 };
  assert.deepEqual(summaryOf([came('ann'), presence]), [
    ['left', [], 2], ['joined', ['bob'], 40], ['joined and left', ['ann'], 1],
  ]);
});

test('what was there before the first welcome is divided from what comes', () => {
  const state = play([{ ...welcome, last: 2 }, history(0, 3, [said(1), said(2)]), said(3)]);
  assert.deepEqual(types(state), ['said', 'said', 'earlier', 'welcome', 'said']);
  assert.deepEqual(types(play([welcome, history(0, 1, [])])), ['welcome']);
});

test('a divider where the reader left says how much was missed, counting what is filled in', () => {
  const mine = { ...said(3), nick: 'alice' };
  const back = play([lost, { ...resumed, last: 6 }, history(4, 7, [said(5), said(6)])], joined([said(1)]));
  const filled = reduce(back, history(1, 5, [{ ...went('bob'), id: 2 }, mine, said(4)]));
  assert.deepEqual(types(filled), ['welcome', 'said', 'missed', 'traffic', 'said', 'said', 'said', 'said']);
  assert.equal(filled.lines.find((line) => line.type === 'missed').count, 3);
});

test('nothing missed, no divider', () => {
  const state = play([lost, { ...resumed, last: 2 }, history(1, 3, [{ ...came('carol'), id: 2 }])], joined([said(1)]));
  assert.deepEqual(types(state), ['welcome', 'said', 'traffic']);
});

test('a line marks where the reader stopped, and stays until they stop again', () => {
  const away = joined([said(1), { type: 'looking', looking: false }, said(2), said(3)]);
  assert.equal(away.unread, 2);
  assert.deepEqual(types(away), ['welcome', 'said', 'unread', 'said', 'said']);
  const back = reduce(away, { type: 'looking', looking: true });
  assert.equal(back.unread, 0);
  assert.equal(back.marker, away.marker);
  const again = play([said(4), { type: 'looking', looking: false }, said(5)], back);
  assert.deepEqual(types(again).slice(-2), ['unread', 'said']);
  assert.equal(types(again).filter((type) => type === 'unread').length, 1);
});

test('lines of one’s own and comings and goings are not unread', () => {
  const state = joined([{ type: 'looking', looking: false }, said(1, { nick: 'alice', via: 'web' }), { ...came('carol'), id: 2 }]);
  assert.equal(state.unread, 0);
  assert.equal(state.marker, null);
});

test('unanswered lines stand at the end, but for what the page asks by itself', () => {
  const state = joined([{ type: 'typed', lines: ['a', '/who'] }, { type: 'typed', lines: ['/tasks watch'], quiet: true }]);
  assert.deepEqual(types(state), ['welcome', 'pending', 'pending']);
});
