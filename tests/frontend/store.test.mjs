// Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';

const js = new URL('../../frontend/js/', import.meta.url);
const { initialState, MAX_LINES, reduce } = await import(new URL('store.js', js));
const { meaningOfClose, retryDelay } = await import(new URL('retry.js', js));
const { lengthOf, longestOf, splitLines } = await import(new URL('lines.js', js));

const play = (events, state = initialState()) => events.reduce(reduce, state);
const alice = { nick: 'alice', via: 'web' };
const bob = { nick: 'bob', via: 'telnet' };
const welcome = { type: 'welcome', nick: 'alice', via: 'web', token: 't', resumed: false, members: [alice, bob], total: 2, last: 0 };
const joined = () => play([{ type: 'link', phase: 'open' }, { type: 'prompt' }, { type: 'chose', name: 'alice' }, welcome]);
const nicks = (state) => state.members.map((member) => member.nick);
const lastLine = (state) => state.lines.at(-1);

test('an unknown type changes nothing, not even one that every object has', () => {
  const state = joined();
  for (const type of ['tasks', 'constructor', '__proto__', 'toString', undefined]) {
    assert.equal(reduce(state, { type }), state);
  }
});

test('reducing never changes the state it was given', () => {
  const freeze = (value) => {
    if (value && typeof value === 'object') Object.values(Object.freeze(value)).forEach(freeze);
    return value;
  };
  const events = [
    { type: 'link', phase: 'open' }, { type: 'prompt' }, { type: 'chose', name: 'alice' }, welcome,
    { type: 'said', id: 1, at: 1, ...bob, text: 'x' }, { type: 'acted', id: 2, at: 1, ...bob, text: 'x' },
    { type: 'joined', id: 3, at: 1, nick: 'carol', via: 'web' }, { type: 'left', id: 4, at: 1, nick: 'carol', reason: '' },
    { type: 'renamed', id: 5, at: 1, old: 'bob', new: 'rob' }, { type: 'whispered', at: 1, nick: 'rob', to: 'alice', text: 'x' },
    { type: 'topic', id: 6, at: 1, nick: 'rob', text: 'x' }, { type: 'notice', text: 'x' }, { type: 'link', phase: 'stopped', why: 'x' },
  ];
  events.reduce((state, event) => freeze(reduce(state, freeze(event))), freeze(initialState()));
});

test('the first prompt shows the form when no name is remembered', () => {
  const state = play([{ type: 'link', phase: 'open' }, { type: 'prompt' }]);
  assert.deepEqual(state.asking, { name: '', reason: '', refused: false });
  assert.equal(state.prompted, true);
});

test('the first prompt leaves the form alone when a remembered name can answer it', () => {
  const state = play([{ type: 'link', phase: 'open' }, { type: 'prompt' }], initialState('alice'));
  assert.equal(state.asking, null);
  assert.equal(state.prompted, true);
  assert.equal(state.wanted, 'alice');
});

test('a name that was given is not given twice', () => {
  const state = play([{ type: 'link', phase: 'open' }, { type: 'prompt' }, { type: 'chose', name: 'alice' }]);
  assert.equal(state.prompted, false);
  assert.equal(state.wanted, 'alice');
});

test('a refused name comes back in the form with the reason, and is not tried again by itself', () => {
  const state = play([{ type: 'link', phase: 'open' }, { type: 'prompt' }, { type: 'prompt', reason: 'Username taken' }], initialState('alice'));
  assert.deepEqual(state.asking, { name: 'alice', reason: 'Username taken', refused: true });
  assert.equal(state.wanted, null);
  assert.equal(state.prompted, true);
});

test('a name refused on a reconnect empties the list of people: we are not among them', () => {
  const state = play([{ type: 'link', phase: 'open' }, { type: 'prompt' }, { type: 'chose', name: 'alice' }, { type: 'prompt', reason: 'Username taken' }], joined());
  assert.deepEqual(state.members, []);
  assert.equal(state.joined, false);
});

test('a reconnect while the form shows a refusal keeps what the form says', () => {
  const refused = play([{ type: 'prompt' }, { type: 'prompt', reason: 'Username taken' }], initialState('alice'));
  const state = play([{ type: 'link', phase: 'waiting', why: 'Offline', seconds: 2 }, { type: 'link', phase: 'open' }, { type: 'prompt' }], refused);
  assert.equal(state.asking, refused.asking);
  assert.equal(state.prompted, true);
});

test('a welcome brings the members and closes the form', () => {
  const state = joined();
  assert.equal(state.me, 'alice');
  assert.equal(state.wanted, 'alice');
  assert.equal(state.joined, true);
  assert.equal(state.asking, null);
  assert.deepEqual(state.members, [alice, bob]);
  assert.equal(lastLine(state).type, 'welcome');
  assert.equal(lastLine(state).again, false);
});

test('a welcome after a lost connection says so; a resumed one has nothing to say', () => {
  const lost = play([{ type: 'link', phase: 'waiting', why: 'Offline', seconds: 1 }], joined());
  assert.equal(lastLine(reduce(lost, welcome)).again, true);
  assert.equal(reduce(lost, { ...welcome, resumed: true }).lines, lost.lines);
});

test('the nick of the welcome wins over the one that was typed', () => {
  const state = play([{ type: 'chose', name: ' Alice' }, welcome]);
  assert.equal(state.wanted, 'alice');
});

test('said and acted become lines, and know whose they are', () => {
  for (const type of ['said', 'acted']) {
    const mine = lastLine(reduce(joined(), { type, id: 1, at: 5, ...alice, text: 'hi' }));
    const theirs = lastLine(reduce(joined(), { type, id: 1, at: 5, ...bob, text: 'hi' }));
    assert.deepEqual(mine, { type, id: 1, at: 5, ...alice, text: 'hi', key: 1, own: true });
    assert.equal(theirs.own, false);
  }
});

test('somebody who joins is listed once', () => {
  const event = { type: 'joined', id: 1, at: 1, nick: 'carol', via: 'web' };
  const state = play([event, event], joined());
  assert.deepEqual(nicks(state), ['alice', 'bob', 'carol']);
  assert.equal(lastLine(state).type, 'joined');
});

test('somebody who leaves is no longer listed', () => {
  const state = reduce(joined(), { type: 'left', id: 1, at: 1, nick: 'bob', reason: 'timed out' });
  assert.deepEqual(nicks(state), ['alice']);
  assert.equal(lastLine(state).reason, 'timed out');
});

test('a rename keeps the place and the door', () => {
  const state = reduce(joined(), { type: 'renamed', id: 1, at: 1, old: 'bob', new: 'rob' });
  assert.deepEqual(state.members, [alice, { nick: 'rob', via: 'telnet' }]);
  assert.equal(state.me, 'alice');
});

test('my own rename is remembered, and my older lines stay mine', () => {
  const state = play([
    { type: 'said', id: 1, at: 1, ...alice, text: 'a' },
    { type: 'renamed', id: 2, at: 2, old: 'alice', new: 'alicia' },
    { type: 'said', id: 3, at: 3, nick: 'alicia', via: 'web', text: 'b' },
  ], joined());
  assert.equal(state.me, 'alicia');
  assert.equal(state.wanted, 'alicia');
  assert.deepEqual(state.lines.filter((line) => line.type === 'said').map((line) => line.own), [true, true]);
});

test('a whisper knows both ends', () => {
  const to = lastLine(reduce(joined(), { type: 'whispered', at: 1, nick: 'bob', to: 'alice', text: 'x' }));
  const from = lastLine(reduce(joined(), { type: 'whispered', at: 1, nick: 'alice', to: 'bob', text: 'x' }));
  assert.deepEqual([to.own, to.toMe], [false, true]);
  assert.deepEqual([from.own, from.toMe], [true, false]);
});

test('a topic is a line, and what the room is about until there is another', () => {
  assert.equal(joined().topic, '');
  const state = play([{ type: 'topic', id: 1, at: 5, nick: 'bob', text: 'owls' }], joined());
  assert.equal(state.topic, 'owls');
  assert.deepEqual(lastLine(state), { type: 'topic', id: 1, at: 5, nick: 'bob', text: 'owls', key: 1, own: false });
  const cleared = reduce(state, { type: 'topic', id: 2, at: 6, nick: 'bob', text: '' });
  assert.equal(cleared.topic, '');
  assert.equal(lastLine(cleared).text, '');
});

test('a welcome brings the topic, and takes back one that is no more', () => {
  const state = play([{ ...welcome, topic: 'owls' }]);
  assert.equal(state.topic, 'owls');
  assert.equal(lastLine(state).topic, 'owls');
  assert.equal(play([{ ...welcome, resumed: true, topic: '' }], state).topic, '');
});

test('a notice becomes a line, and is nobody’s; before joining the name form has it', () => {
  const line = lastLine(reduce(joined(), { type: 'notice', text: 'hello' }));
  assert.deepEqual(line, { type: 'notice', text: 'hello', key: 1, own: false });
  assert.deepEqual(reduce(initialState(), { type: 'notice', text: 'hello' }).lines, []);
});

test('a lost connection keeps the lines, the people and the name', () => {
  const before = joined();
  const state = reduce(before, { type: 'link', phase: 'waiting', why: 'Offline', seconds: 3 });
  assert.deepEqual(state.link, { phase: 'waiting', why: 'Offline', seconds: 3 });
  assert.equal(state.joined, false);
  assert.equal(state.lines, before.lines);
  assert.equal(state.members, before.members);
  assert.equal(state.wanted, 'alice');
  assert.equal(state.asking, null);
});

test('a stopped connection asks for the name again, without calling it wrong', () => {
  const state = reduce(joined(), { type: 'link', phase: 'stopped', why: 'You left the room' });
  assert.deepEqual(state.asking, { name: 'alice', reason: 'You left the room', refused: false });
  assert.equal(state.wanted, null);
  assert.deepEqual(state.members, []);
});

test('lines are bounded, and their keys only grow', () => {
  let state = joined();
  for (let n = 0; n < MAX_LINES + 10; n++) state = reduce(state, { type: 'notice', text: String(n) });
  assert.equal(state.lines.length, MAX_LINES);
  assert.equal(lastLine(state).key - state.lines[0].key, MAX_LINES - 1);
});

test('close codes: who is tried again, and in whose words', () => {
  const retried = [1000, 1001, 1006, 1008, 1009, 1011, 1013, 4001, 4002].filter((code) => meaningOfClose(code, '').retry);
  assert.deepEqual(retried, [1001, 1006, 1011, 1013, 4002]);
  assert.equal(meaningOfClose(1008, 'too many of you').why, 'too many of you');
  assert.equal(meaningOfClose(1001, '').why, 'The room is restarting');
  assert.equal(meaningOfClose(1006, '').why, 'Offline');
});

test('the wait doubles, is never even, and never passes thirty seconds', () => {
  assert.deepEqual([0, 1, 2, 3].map((n) => retryDelay(n, 0.5)), [1, 2, 4, 8]);
  assert.deepEqual([retryDelay(0, 0), retryDelay(0, 0.999)].map((s) => Math.round(s * 10)), [5, 15]);
  assert.equal(retryDelay(500, 0.999), 30);
});

test('text becomes lines, and length counts characters as the server does', () => {
  assert.deepEqual(splitLines('a\r\nb\n\n  \n  c\rd'), ['a', 'b', '  c', 'd']);
  assert.deepEqual(splitLines(' \n'), []);
  assert.equal(lengthOf('🦉é'), 2);
  assert.equal(longestOf(['ab', 'abc']), 3);
  assert.equal(longestOf([]), 0);
});

test('in a crowd, comings and goings are told together', () => {
  const carol = { nick: 'carol', via: 'web' };
  const presence = {
    type: 'presence', id: 3, at: 1, left: ['bob'], joined: [carol], left_total: 2, joined_total: 41, members: 341,
  };
  const state = play([presence], joined());
  assert.deepEqual(nicks(state), ['alice', 'carol']);
  assert.equal(state.total, 341);
  assert.equal(lastLine(state).type, 'presence');
});

test('the total follows those who join and leave', () => {
  const dave = { type: 'joined', id: 3, at: 1, nick: 'dave', via: 'web' };
  const state = play([dave, { type: 'left', id: 4, at: 2, nick: 'bob', reason: '' }], joined());
  assert.equal(state.total, 2);
});
