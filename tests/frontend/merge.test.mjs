// The conversation stays whole, whatever the connection does. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { history, ids, joined, load, lost, play, randomness, resumed, said, welcome } from './helpers.mjs';

const { addHistory, addLive, emptyThread, MAX_LINES, MAX_READING, newest } = await load('thread.js');
const { nextRequest } = await load('requests.js');
const { initialState, reduce } = await load('store.js');

const range = (from, to) => Array.from({ length: to - from }, (_, index) => from + 1 + index);

test('the same event is shown once, live or from the history', () => {
  const state = joined([said(1), said(1), history(0, 3, [said(1), said(2)]), said(2), said(3)]);
  assert.deepEqual(ids(state), [1, 2, 3]);
});

test('what was missed comes before what comes live', () => {
  const state = play([lost, { ...resumed, last: 4 }, history(1, 5, [said(2), said(3), said(4)]), said(5)], joined([said(1)]));
  assert.deepEqual(ids(state), [1, 2, 3, 4, 5]);
});

test('a gap is asked for, once, until it is filled', () => {
  const back = play([lost, { ...resumed, last: 500 }, history(400, 501, range(400, 500).map((id) => said(id)))], joined([said(1)]));
  assert.deepEqual(nextRequest(back), [401, 100]);
  const asked = reduce(back, { type: 'asked', before: 401 });
  assert.equal(nextRequest(asked), null);
  const partly = reduce(asked, history(300, 401, range(300, 400).map((id) => said(id))));
  assert.deepEqual(nextRequest(partly), [301, 100]);
  const whole = reduce(partly, history(0, 301, range(0, 300).map((id) => said(id))));
  assert.equal(nextRequest(whole), null);
  assert.deepEqual(ids(whole), range(0, 500));
});

test('a gap below which the server has nothing left is no gap', () => {
  const state = play([lost, { ...resumed, last: 500 }, history(400, 501, [said(500)], false)], joined([said(1)]));
  assert.equal(nextRequest(state), null);
});

test('ids that a killed room has lost are no gap, whether the page has seen what had them or not', () => {
  for (const seen of [range(0, 3), range(0, 5)]) {
    const before = joined([history(0, 1, []), ...seen.map((id) => said(id))]);
    const back = play([lost, { ...resumed, last: 1005 }, history(seen.length, 1006, [said(1004), said(1005)]), said(1006)], before);
    assert.deepEqual(ids(back), [...seen, 1004, 1005, 1006]);
    assert.equal(nextRequest(back), null);
    assert.equal(back.missed.count, 2);
  }
});

test('a newcomer asks for what was before; whoever comes back is told without asking', () => {
  const newcomer = play([lost, { ...welcome, last: 50 }, said(51)], joined([said(1)]));
  assert.deepEqual(nextRequest(newcomer), [51, 100]);
  assert.deepEqual(ids(newcomer), [1, 51]);
  const back = play([lost, { ...welcome, last: 50, resumed: true }], joined([said(1)]));
  assert.equal(nextRequest(back), null);
});

test('nobody is told of their own coming', () => {
  const own = { type: 'joined', id: 50, at: 1, nick: 'alice', via: 'web' };
  const state = play([{ ...welcome, last: 50 }, history(48, 51, [said(49), own])]);
  assert.deepEqual(ids(state), [49]);
  assert.equal(nextRequest({ ...state, older: false }), null);
});

test('a whisper that is told again after a resume is shown once', () => {
  const whisper = { type: 'whispered', at: 5, nick: 'bob', to: 'alice', text: 'psst' };
  const state = play([whisper, lost, { ...welcome, resumed: true }, whisper, { ...whisper, at: 6 }], joined());
  assert.deepEqual(state.lines.filter(({ type }) => type === 'whispered').map(({ at }) => at), [5, 6]);
});

test('whispers that are told again after a reload stand where they were said, however much is known by then', () => {
  const whisper = (at) => ({ type: 'whispered', at, nick: 'bob', to: 'alice', text: `psst ${at}` });
  const told = (state) => state.lines.map((line) => line.id ?? (line.type === 'whispered' ? line.text : line.type));
  const again = [{ ...resumed, last: 8 }, whisper(2.5), whisper(2.7), whisper(6), whisper(9), history(4, 9, range(4, 8).map((id) => said(id)))];
  const state = play(again, initialState({ token: 't', nick: 'alice', last: 6 }));
  assert.deepEqual(told(state), ['psst 2.5', 'psst 2.7', 5, 6, 'missed', 'psst 6', 7, 8, 'psst 9']);
  assert.deepEqual(play([{ type: 'asked' }, history(7, 9, [said(8)])], state).lines.map((line, index) => line === state.lines[index]), state.lines.map(() => true));
  const live = play([said(9), whisper(3)], state);
  assert.deepEqual(told(live).slice(-3), ['psst 9', 9, 'psst 3']);
  const older = play([{ type: 'asked' }, history(0, 5, range(0, 4).map((id) => said(id)))], state);
  assert.deepEqual(told(older), [1, 2, 'psst 2.5', 'psst 2.7', 3, 4, 5, 6, 'missed', 'psst 6', 7, 8, 'psst 9']);
});

test('older lines are asked for when the reader wants them, and come above', () => {
  const state = play([{ ...welcome, last: 100 }, history(50, 101, range(50, 100).map((id) => said(id)))]);
  assert.equal(nextRequest(state), null);
  const wanting = reduce(state, { type: 'older' });
  assert.deepEqual(nextRequest(wanting), [51, 50]);
  const older = play([{ type: 'asked', before: 51 }, history(0, 51, range(0, 50).map((id) => said(id)))], wanting);
  assert.deepEqual(ids(older), range(0, 100));
  assert.equal(nextRequest(reduce(older, { type: 'older' })), null);
});

test('ids that start anew do not touch the lines that are shown', () => {
  const before = joined([said(1), said(2), said(3)]);
  const state = play([lost, { ...welcome, last: 1 }, history(0, 2, [{ ...said(1), at: 99 }]), said(2)], before);
  assert.deepEqual(ids(state), [1, 2, 3, 1, 2]);
  assert.deepEqual(state.lines.filter((line) => line.id).map((line) => line.at), [1, 2, 3, 99, 2]);
});

test('ids that start anew are noticed by another time, too', () => {
  const before = joined([said(1), said(2)]);
  const state = play([lost, { ...welcome, last: 9 }, history(0, 10, [{ ...said(2), at: 50 }, { ...said(9), at: 60 }])], before);
  assert.deepEqual(ids(state), [1, 2, 2, 9]);
});

test('ids that started anew and have come further since are noticed when the page has another seat', () => {
  const before = joined([history(0, 1, []), ...range(0, 5).map((id) => said(id))]);
  const anew = (id) => ({ ...said(id, undefined, `new ${id}`), at: 1000 + id });
  for (const last of [5, 6, 50, 105, 300]) {
    let state = play([lost, { ...welcome, last }, anew(last + 1)], before);
    for (let request = nextRequest(state); request; request = nextRequest(state)) {
      const [end, count] = request;
      const since = Math.max(0, end - 1 - count);
      state = play([{ type: 'asked' }, history(since, end, range(since, end - 1).map(anew))], state);
    }
    const texts = state.lines.filter((line) => line.id).map((line) => line.text);
    assert.deepEqual(texts, [...range(0, 5).map((id) => `line ${id}`), ...range(0, last + 1).map((id) => `new ${id}`)], `last ${last}`);
    assert.equal(state.missed.count, last);
  }
});

test('another seat in the same room shows no line again', () => {
  const before = joined([history(0, 1, []), ...range(0, 5).map((id) => said(id))]);
  const back = play([lost, { ...welcome, last: 8 }, { type: 'asked' }, history(0, 9, range(0, 8).map((id) => said(id)))], before);
  assert.deepEqual(ids(back), range(0, 8));
  assert.equal(back.missed.count, 3);
  assert.equal(nextRequest(back), null);
});

test('the lines are bounded, more loosely while the reader is further up', () => {
  const many = (count, state) => play(range(0, count).map((id) => said(id)), state);
  assert.equal(many(MAX_LINES + 50, joined()).lines.length, MAX_LINES);
  const up = many(MAX_READING + 50, joined([{ type: 'looking', looking: false }]));
  assert.equal(up.lines.length, MAX_READING);
});

test('while the reader is further up and the page is full, nothing vanishes; what came is asked for afterwards', () => {
  const up = play(range(0, MAX_READING + 50).map((id) => said(id)), joined([history(0, 1, []), { type: 'looking', looking: false }]));
  assert.equal(up.lines[1].id, 1);
  assert.equal(up.unread, MAX_READING + 50);
  assert.equal(nextRequest(up), null);
  let state = play([{ type: 'looking', looking: true }, said(MAX_READING + 51)], up);
  for (let request = nextRequest(state); request; request = nextRequest(state)) {
    const [before, count] = request;
    const events = range(before - 1 - count, before - 1).map((id) => said(id));
    state = play([{ type: 'asked', before }, history(before - 1 - count, before, events)], state);
  }
  assert.deepEqual(ids(state), range(MAX_READING + 51 - MAX_LINES, MAX_READING + 51));
  assert.ok(!state.lines.some((line) => line.type === 'missed'));
});

test('an answer about less than was asked for, since the room has forgotten the rest, is the answer', () => {
  const late = play([{ ...welcome, last: 5000 }, { type: 'asked', before: 5001 }, history(4950, 5001, [])]);
  const asked = play([{ type: 'older' }, { type: 'asked', before: 4951 }], late);
  const answered = reduce(asked, history(4969, 4970, [], false));
  assert.equal(nextRequest({ ...answered, tip: 5010 })?.[0], 5011);
});

test('older lines are still wanted after an answer about something else', () => {
  const state = play([{ ...welcome, last: 100 }, history(50, 101, range(50, 100).map((id) => said(id)))]);
  const asked = play([{ type: 'asked' }, { type: 'older' }], state);
  assert.deepEqual(nextRequest(reduce(asked, history(99, 101, [said(100)]))), [51, 50]);
  assert.equal(nextRequest(reduce(asked, history(0, 51, []))), null);
});

test('what was dropped can be asked for again', () => {
  const state = play(range(0, MAX_LINES + 50).map((id) => said(id)), joined([history(0, 1, [])]));
  const oldest = ids(state)[0];
  const wanting = play([{ type: 'looking', looking: false }, { type: 'older' }], state);
  assert.deepEqual(nextRequest(wanting), [oldest, 50]);
  const again = play([{ type: 'asked', before: oldest }, history(0, oldest, range(0, oldest - 1).map((id) => said(id)))], wanting);
  assert.deepEqual(ids(again), range(0, MAX_LINES + 50));
});

test('pieces of history merge into the whole, in whatever order and however often they come', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = randomness(seed);
    const pick = (n) => Math.floor(random() * n);
    const last = 1 + pick(60);
    const visible = range(0, last).filter(() => random() < 0.8); // the others are of people we ignore
    const pieces = [];
    for (let before = last + 1; before > 1;) {
      const since = Math.max(0, before - 2 - pick(12));
      pieces.push([since, before]);
      before = Math.min(before - 1, since + 1 + pick(3)); // some overlap
    }
    const doubled = [...pieces, ...pieces.filter(() => random() < 0.3)];
    doubled.sort(() => random() - 0.5);
    let state = { ...emptyThread, looking: true };
    for (const [since, before] of doubled) {
      const lines = visible.filter((id) => since < id && id < before).map((id) => ({ id, at: id }));
      state = addHistory(state, { since, before, more: since > 0 }, lines);
    }
    assert.deepEqual(state.lines.map((line) => line.id), visible, `seed ${seed}`);
    assert.deepEqual(state.ranges, [{ from: 0, to: last }], `seed ${seed}`);
    assert.equal(new Set(state.lines.map((line) => line.key)).size, visible.length, `seed ${seed}`);
  }
});

test('live lines join the history that came before them', () => {
  const state = addLive({ ...emptyThread, looking: true, tip: 4, ranges: [{ from: 2, to: 4 }] }, { id: 7 });
  assert.deepEqual(state.ranges, [{ from: 2, to: 7 }]);
  assert.equal(newest(state), 7);
});

// A server with one long log, a reader whose connection comes and goes, frames that come twice.
test('after any number of lost connections the page has every line once, in order', () => {
  for (let seed = 1; seed <= 1500; seed++) {
    const random = randomness(seed);
    const pick = (n) => Math.floor(random() * n);
    const most = 3 + pick(10); // what this server gives at once
    const log = [];
    let state = { ...initialState(), looking: true };
    const give = (event) => {
      state = reduce(state, event);
      if (random() < 0.2) state = reduce(state, event);
    };
    const answer = (since, before) => {
      const from = Math.max(since, before - 1 - most);
      return history(from, before, log.filter(({ id, hidden }) => id > from && id < before && !hidden), from > 0);
    };
    const speak = () => log.push({ ...said(log.length + 1), hidden: random() < 0.15 });
    const goOn = () => {
      const request = nextRequest(state);
      if (!request) return false;
      state = reduce(state, { type: 'asked', before: request[0] });
      if (random() < 0.85) give(answer(Math.max(0, request[0] - 1 - request[1]), request[0]));
      else state = reduce(state, lost);
      return true;
    };
    const connect = () => {
      const since = newest(state);
      state = reduce(state, { ...resumed, last: log.length });
      if (random() < 0.9) give(answer(since, log.length + 1));
      else state = reduce(state, lost);
    };
    for (let step = 0; step < 60; step++) {
      if (!state.joined) {
        if (random() < 0.5) speak();
        else connect();
      } else if (random() < 0.6) {
        speak();
        if (!log.at(-1).hidden) give(log.at(-1));
      } else if (random() < 0.3) state = reduce(state, lost);
      else goOn();
    }
    for (let tries = 0; tries < 1000; tries++) {
      if (!state.joined) connect();
      else if (!goOn()) break;
    }
    const oldest = state.ranges[0]?.from ?? 0;
    const expected = log.filter(({ id, hidden }) => !hidden && id > oldest).map(({ id }) => id);
    assert.deepEqual(ids(state), expected, `seed ${seed}`);
    assert.equal(state.ranges.length, 1, `seed ${seed}`);
  }
});
