// Every line that is typed is said once, or the reader is told. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alice, bob, history, joined, load, lost, play, randomness, resumed, said, welcome } from './helpers.mjs';

const { createSender, nextToSend } = await load('sender.js');
const { keepsake, recall, remember } = await load('memory.js');
const { initialState, reduce } = await load('store.js');
const { clean } = await load('lines.js');
const { enqueue } = await load('outgoing.js');
const { shownAs } = await load('answers.js');

const typed = (...lines) => ({ type: 'typed', lines });
const statuses = (state) => state.queue.map(({ text, status }) => [text, status]);

function sendAll(state) {
  const texts = [];
  for (let next = nextToSend(state); next; next = nextToSend(state)) {
    texts.push(next.text);
    state = reduce(state, next.event);
  }
  return { state, texts };
}

test('a typed line waits for its own said', () => {
  const { state, texts } = sendAll(joined([typed('hi', '/who', 'there')]));
  assert.deepEqual(texts, ['hi', '/who', 'there']);
  assert.deepEqual(state.pending.map(({ text }) => text), ['hi', 'there']);
  assert.deepEqual(statuses(reduce(state, said(1, alice, 'hi'))), [['/who', 'sent'], ['there', 'sent']]);
  assert.deepEqual(play([said(1, alice, 'hi'), said(2, alice, 'there')], state).queue, []);
});

test('somebody else’s same words, or the same said again, answer nothing', () => {
  const { state } = sendAll(joined([typed('hi', 'hi')]));
  assert.equal(reduce(state, said(1, bob, 'hi')).pending.length, 2);
  assert.equal(play([said(1, alice, 'hi'), said(1, alice, 'hi')], state).pending.length, 1);
});

test('a said is known again however the room has cleaned it', () => {
  const { state } = sendAll(joined([typed('first'), typed('  cafe\u0301\u202e\t! '), typed('//who')]));
  const after = play([said(1, alice, 'first'), said(2, alice, 'caf\u00e9 !'), said(3, alice, '/who')], state);
  assert.deepEqual(after.queue, []);
  assert.equal(clean(' a\u0000\u2028b '), 'a b');
  assert.equal(clean('\u3000a\ufeff\u00a0'), 'a\ufeff');
});

test('a refused line is marked, and the next answer is not mistaken for its own', () => {
  const { state } = sendAll(joined([typed('a', 'b')]));
  const after = play([{ type: 'notice', text: 'You are muted', refused: true }, said(1, alice, 'b')], state);
  assert.deepEqual(statuses(after), [['a', 'refused']]);
});

test('lines typed while the connection is lost wait, and are sent when it is back', () => {
  const offline = play([lost, typed('a', 'b')], joined());
  assert.equal(nextToSend(offline), null);
  assert.equal(offline.pending.length, 2);
  assert.deepEqual(sendAll(reduce(offline, { ...resumed, heard: 0 })).texts, ['a', 'b']);
});

test('a line sent behind a /nick is known again under the new nick', () => {
  const { state } = sendAll(joined([typed('/nick carol', 'hi')]));
  const missed = [{ type: 'renamed', id: 1, at: 1, old: 'alice', new: 'carol' }, said(2, { nick: 'carol', via: 'web' }, 'hi')];
  const back = play([lost, { ...resumed, nick: 'carol', heard: 2, last: 2 }, history(0, 3, missed)], state);
  assert.deepEqual(back.queue, []);
});

test('a /typing typed by hand is not counted, for the room does not', () => {
  const { state } = sendAll(joined([typed('/typing', 'a', 'b')]));
  const back = reduce(reduce(state, lost), { ...resumed, heard: 2, last: 2 });
  assert.deepEqual(statuses(back), [['a', 'doubtful'], ['b', 'doubtful']]);
});

test('what another window may have sent from a copy of the queue is not sent from here unasked', () => {
  const waiting = joined([typed('a', 'b')]);
  const copy = JSON.parse(JSON.stringify(keepsake(waiting)));
  const { texts } = sendAll(waiting);
  assert.deepEqual(texts, ['a', 'b']);
  const taken = reduce(initialState(copy), { ...resumed, heard: 1, last: 1 });
  assert.deepEqual(sendAll(taken).texts, []);
  const told = reduce(taken, history(0, 2, [said(1, alice, 'a')]));
  assert.deepEqual(statuses(told), [['b', 'unconfirmed']]);
});

test('an operator’s password is not kept, whatever was pasted before it', () => {
  const { queue } = keepsake(joined([typed('> /op secret', '/OP secret', 'psst /op secret', '\u200b/op secret', '//op', 'hi')]));
  assert.deepEqual(queue.map(({ text }) => text), ['//op', 'hi']);
});

test('what the room has heard is not sent again, and what it has not heard is', () => {
  const { state } = sendAll(joined([typed('a', 'b', 'c')]));
  const back = play([lost, { ...resumed, heard: 2, last: 2 }], state);
  assert.deepEqual(statuses(back), [['a', 'doubtful'], ['b', 'doubtful'], ['c', 'queued']]);
  const told = reduce(back, history(0, 3, [said(1, alice, 'a'), said(2, alice, 'b')]));
  assert.deepEqual(sendAll(told).texts, ['c']);
  assert.deepEqual(statuses(told), [['c', 'queued']]);
});

test('requests for history count as frames, too', () => {
  const { state } = sendAll(joined([typed('a')]));
  const asking = play([said(1, alice, 'a'), { type: 'asked', before: 5 }], state);
  const more = sendAll(reduce(asking, typed('b'))).state;
  assert.equal(more.queue[0].n, 3);
  assert.deepEqual(statuses(play([lost, { ...resumed, heard: 2 }], more)), [['b', 'queued']]);
});

test('after a lost seat the history tells what was said, and the reader decides about the rest', () => {
  const { state } = sendAll(joined([said(1, alice, 'a'), typed('a', 'b', '/who')]));
  const back = play([lost, { type: 'prompt' }, { type: 'resuming' }, { type: 'prompt', reason: 'Your seat was not kept' }], state);
  assert.deepEqual(statuses(back), [['a', 'doubtful'], ['b', 'doubtful'], ['/who', 'doubtful']]);
  const told = play([{ type: 'chose', name: 'alice' }, { ...welcome, last: 4 }, history(0, 5, [said(1, alice, 'a'), said(3, alice, 'b')])], back);
  assert.deepEqual(statuses(told), [['a', 'unconfirmed'], ['/who', 'unconfirmed']]);
  assert.equal(nextToSend(told), null);
  assert.deepEqual(sendAll(reduce(told, { type: 'again', key: told.queue[0].key })).texts, ['a']);
  assert.deepEqual(statuses(reduce(told, { type: 'discard', key: told.queue[0].key })), [['/who', 'unconfirmed']]);
});

test('the same words said before are not taken for the answer, not even after a reload', () => {
  const { state } = sendAll(joined([said(1, alice, 'a'), typed('a')]));
  const again = initialState(JSON.parse(JSON.stringify(keepsake(state))));
  const told = play([{ ...resumed, heard: 1, last: 1 }, history(0, 2, [said(1, alice, 'a')])], again);
  assert.deepEqual(statuses(told), [['a', 'unconfirmed']]);
});

test('a line is not given up while there is a gap in which it may be', () => {
  const { state } = sendAll(joined([said(1), typed('a')]));
  const back = play([lost, { ...welcome, last: 300 }, history(200, 301, [said(300)])], state);
  assert.deepEqual(statuses(back), [['a', 'doubtful']]);
  assert.deepEqual(reduce(back, history(0, 201, [said(2, alice, 'a')])).queue, []);
});

test('another window may send what waits: here it is only offered', () => {
  const offline = play([lost, typed('a', '/who')], joined());
  const taken = reduce(offline, { type: 'link', phase: 'stopped', why: 'x', elsewhere: true });
  assert.deepEqual(statuses(taken), [['a', 'unconfirmed'], ['/who', 'unconfirmed']]);
  assert.ok(taken.seat);
  assert.equal(keepsake(taken).token, undefined);
});

test('a command is done with when it is answered, by what comes of it or by a notice', () => {
  const whispered = { type: 'whispered', at: 1, nick: 'alice', to: 'bob', text: 'psst' };
  const renamed = { type: 'renamed', id: 3, at: 1, old: 'alice', new: 'carol' };
  const answers = [
    ['/who', { type: 'notice', text: '1 here' }],
    ['/msg bob psst', whispered],
    ['/msg nobody psst', { type: 'notice', text: 'There is no nobody here.' }],
    ['/me waves', { type: 'acted', id: 2, at: 1, ...alice, text: 'waves' }],
    ['/source a.py 1', { type: 'source', file: 'a.py', first: 1, lines: [] }],
    ['/history', history(0, 1, [])],
    ['/nick carol', renamed],
  ];
  let { state } = sendAll(joined([typed(...answers.map(([text]) => text))]));
  assert.deepEqual(state.pending, []); // nobody has to be told for the moment that takes
  for (const [text, answer] of answers) {
    assert.equal(state.queue[0].text, text);
    state = reduce(state, answer);
  }
  assert.deepEqual(state.queue, []);
});

test('what others do, and what is told again, answers no command', () => {
  const { state } = sendAll(joined([typed('/me waves', '/msg bob psst')]));
  const others = [
    { type: 'acted', id: 1, at: 1, ...bob, text: 'waves' }, { type: 'renamed', id: 2, at: 1, old: 'bob', new: 'rob' },
    { type: 'whispered', at: 1, nick: 'bob', to: 'alice', text: 'psst' },
  ];
  assert.equal(play(others, state).queue.length, 2);
});

test('a notice is no answer to a command while a line before it waits for its own', () => {
  const { state } = sendAll(joined([typed('a', '/who')]));
  const told = { type: 'notice', text: 'You are muted' };
  assert.equal(reduce(state, told).queue.length, 2);
  assert.deepEqual(play([said(1, alice, 'a'), told], state).queue, []);
});

test('a request that is answered shows what was passed over in silence before it', () => {
  const { state } = sendAll(joined([typed('/tasks stop', 'a')]));
  const answered = play([{ type: 'asked' }, typed('b'), history(0, 1, [])], state);
  assert.deepEqual(statuses(answered), [['a', 'refused'], ['b', 'queued']]);
});

test('a command typed while the connection is lost waits to be seen, and is sent once', () => {
  const offline = play([lost, typed('/me waves', '/msg bob psst')], joined());
  assert.deepEqual(offline.pending.map(({ status }) => status), ['queued', 'queued']);
  const { state, texts } = sendAll(reduce(offline, resumed));
  assert.deepEqual(texts, ['/me waves', '/msg bob psst']);
  assert.deepEqual(sendAll(state).texts, []);
});

test('a command that was sent when the connection was lost is shown from then on, until it is known what came of it', () => {
  const { state } = sendAll(joined([typed('/me waves', '/msg bob psst', '/nick carol', '/who', '/ignore bob')]));
  const offline = reduce(state, lost);
  assert.equal(offline.pending.length, 5);
  const missed = [
    { type: 'acted', id: 1, at: 1, ...alice, text: 'waves' }, { type: 'renamed', id: 2, at: 1, old: 'alice', new: 'carol' },
  ];
  const whisper = { type: 'whispered', at: 1, nick: 'alice', to: 'bob', text: 'psst' };
  const back = play([{ ...resumed, nick: 'carol', heard: 4, last: 2 }, whisper, history(0, 3, missed)], offline);
  assert.deepEqual(statuses(back), [['/who', 'unconfirmed'], ['/ignore bob', 'queued']]);
});

test('what ends the connection has had its answer, and what the page asks by itself is nobody’s worry', () => {
  for (const text of ['/quit bye', '/cancel', '/chaos crash', '/typing']) {
    const { state } = sendAll(joined([typed(text)]));
    assert.deepEqual(reduce(state, { type: 'link', phase: 'stopped', why: 'x' }).queue, [], text);
  }
  const { state } = sendAll(joined([{ ...typed('/tasks watch'), quiet: true }]));
  assert.deepEqual(state.queue, []);
  assert.equal(state.seat.sent, 1);
  assert.deepEqual(play([{ ...typed('/demo'), quiet: true }, lost], joined()).pending, []);
});

test('a password is not shown while it waits', () => {
  const shown = (text) => shownAs(enqueue([], [text], 0)[0]);
  assert.equal(shown(' /OP secret'), '/OP …');
  assert.equal(shown('> /op secret'), '> /op …');
  assert.equal(shown('//op is how'), '/op is how');
  assert.equal(shown('/msg bob psst'), '/msg bob psst');
});

test('a reload keeps the seat and what waits, but never a password', () => {
  const { state } = sendAll(joined([typed('a')]));
  const kept = JSON.parse(JSON.stringify(keepsake(play([lost, typed('/op secret', ' /OP secret', 'b')], state))));
  assert.doesNotMatch(JSON.stringify(kept), /secret/i);
  const again = initialState(kept);
  assert.equal(again.seat.token, 't');
  assert.deepEqual(statuses(reduce(again, { ...resumed, heard: 1 })), [['a', 'doubtful'], ['b', 'queued']]);
});

test('what is kept comes back, and storage that is forbidden or spoilt is no trouble', () => {
  const stored = new Map();
  globalThis.sessionStorage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value) };
  assert.deepEqual(recall(), {});
  remember(joined([typed('a')]));
  assert.equal(initialState(recall()).pending[0].text, 'a');
  stored.set('playroom', '{');
  assert.deepEqual(recall(), {});
  delete globalThis.sessionStorage;
  remember(joined());
  assert.deepEqual(recall(), {});
});

test('many lines go out in one go at first, then two a second', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let time = 0;
  let state = joined([typed(...Array.from({ length: 12 }, (_, n) => `line ${n}`))]);
  const sent = [];
  const pump = createSender({
    getState: () => state, dispatch: (event) => { state = reduce(state, event); }, send: (text) => sent.push(text), now: () => time,
  });
  pump();
  assert.equal(sent.length, 8);
  for (let n = 0; n < 10; n++) {
    time += 250;
    t.mock.timers.tick(250);
  }
  assert.equal(sent.length, 12);
  assert.deepEqual(sent, Array.from({ length: 12 }, (_, n) => `line ${n}`));
});

// The room as the protocol has it: it counts what it hears, and forgets a seat now and then.
test('however often the connection breaks or the page reloads, each line is said once and in order', () => {
  for (let seed = 1; seed <= 1500; seed++) {
    const random = randomness(seed);
    const log = [];
    const wire = []; // frames under way to the room
    const back = []; // frames under way to the page
    let heard = 0;
    let state = joined();
    const hear = () => {
      const text = wire.shift();
      heard += 1;
      log.push({ ...said(log.length + 1, alice, text.replace('/me ', '')), type: text.startsWith('/me ') ? 'acted' : 'said' });
      back.push(log.at(-1));
    };
    const connect = () => {
      state = play([{ ...resumed, heard, last: log.length }, history(0, log.length + 1, log)], state);
    };
    let count = 0;
    const textOf = (n) => `${n % 3 === 1 ? '/me ' : ''}line ${n % 5}`; // the same words again and again
    const step = (chance) => {
      if (chance < 0.25) state = reduce(state, typed(textOf(count++)));
      else if (chance < 0.55 && state.joined) {
        const next = nextToSend(state);
        if (next) {
          state = reduce(state, next.event);
          wire.push(next.text);
        }
      } else if (chance < 0.7 && wire.length > 0) hear();
      else if (chance < 0.85 && back.length > 0) state = reduce(state, back.shift());
      else if (chance < 0.9) {
        wire.length = back.length = 0; // lost on the way
        state = reduce(state, lost);
      } else if (chance < 0.93) {
        wire.length = back.length = 0;
        state = initialState(JSON.parse(JSON.stringify(keepsake(state))));
      } else if (!state.joined) connect();
    };
    for (let n = 0; n < 120; n++) step(random());
    if (!state.joined) connect();
    for (let n = 0; n < 100; n++) {
      step(0.5);
      if (wire.length > 0) hear();
      if (back.length > 0) state = reduce(state, back.shift());
    }
    const heardOnce = log.map(({ type, text }) => (type === 'acted' ? `/me ${text}` : text));
    assert.deepEqual(heardOnce, Array.from({ length: count }, (_, n) => textOf(n)), `seed ${seed}`);
    assert.deepEqual(state.queue, [], `seed ${seed}`);
  }
});
