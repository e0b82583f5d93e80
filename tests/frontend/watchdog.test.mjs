// When a connection on which nothing comes back is given up. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alice, history, joined, load, lost, play, said } from './helpers.mjs';

const { awaitedIn, createWatchdog } = await load('watchdog.js');
const { initialState, reduce } = await load('store.js');

const typed = (...lines) => ({ type: 'typed', lines });
const sentLines = (...lines) =>
  lines.reduce((state, line) => {
    const next = reduce(state, typed(line));
    return reduce(next, { type: 'sent', key: next.queue.at(-1).key });
  }, joined());

function watched(t, start) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = [];
  const it = { state: start, log };
  const watch = createWatchdog({
    getState: () => it.state,
    ask: () => {
      log.push('asked');
      it.happens({ type: 'asked' });
    },
    giveUp: () => log.push('given up'),
  });
  it.happens = (...events) => {
    it.state = play(events, it.state);
    watch();
  };
  watch();
  return it;
}

test('what waits for an answer is the oldest frame that has none', () => {
  assert.equal(awaitedIn(joined()), null);
  assert.equal(awaitedIn(sentLines('a', '/who', 'b')), 1);
  assert.equal(awaitedIn(reduce(sentLines('a', '/who', 'b'), said(1, alice, 'a'))), 2);
  assert.equal(awaitedIn(reduce(joined(), { type: 'asked' })), 1);
  assert.equal(awaitedIn(reduce(sentLines('a'), lost)), null);
});

test('at the door it is the room’s turn until it asks for a name, and again when one is given', () => {
  const open = reduce(initialState(), { type: 'link', phase: 'open' });
  assert.equal(awaitedIn(initialState()), null);
  assert.equal(awaitedIn(open), 0);
  assert.equal(awaitedIn(play([{ type: 'prompt' }], open)), null);
  assert.equal(awaitedIn(play([{ type: 'prompt' }, { type: 'chose', name: 'alice' }], open)), 0);
});

test('after ten seconds without an answer the room is asked, after twenty it is given up', (t) => {
  const { log } = watched(t, sentLines('a'));
  t.mock.timers.tick(9_999);
  assert.deepEqual(log, []);
  t.mock.timers.tick(1);
  assert.deepEqual(log, ['asked']);
  t.mock.timers.tick(10_000);
  assert.deepEqual(log, ['asked', 'given up']);
});

test('an answer in time is the end of it, be it to the line or to the question behind it', (t) => {
  const line = watched(t, sentLines('a'));
  t.mock.timers.tick(9_000);
  line.happens(said(1, alice, 'a'));
  t.mock.timers.tick(60_000);
  assert.deepEqual(line.log, []);
  line.happens(typed('/tasks stop'), { type: 'sent', key: line.state.nextKey });
  t.mock.timers.tick(10_000);
  line.happens(history(0, 2, []));
  t.mock.timers.tick(60_000);
  assert.deepEqual(line.log, ['asked']);
});

test('each answer that comes is reason to wait for the next', (t) => {
  const slow = watched(t, sentLines('a', 'b', 'c'));
  for (const [id, text] of [[1, 'a'], [2, 'b']]) {
    t.mock.timers.tick(9_000);
    slow.happens(said(id, alice, text));
  }
  t.mock.timers.tick(9_000);
  assert.deepEqual(slow.log, []);
});

test('nobody waits any more once the connection is lost', (t) => {
  const cut = watched(t, sentLines('a'));
  cut.happens(lost);
  t.mock.timers.tick(60_000);
  assert.deepEqual(cut.log, []);
});

test('a server that says the room is out of its reach is waited for', (t) => {
  const it = watched(t, sentLines('a'));
  const notice = (text, away) => ({ type: 'notice', text, away });
  it.happens(notice('The room cannot be reached.', true));
  t.mock.timers.tick(60_000);
  assert.deepEqual(it.log, []);
  it.happens(notice('The room can be reached again.', false));
  t.mock.timers.tick(10_000);
  t.mock.timers.tick(10_000);
  assert.deepEqual(it.log, ['asked', 'given up']);
});
