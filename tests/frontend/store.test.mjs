// The reducer: our place in the room, and what becomes a line. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alice, bob, joined, lastLine, load, lost, play, welcome } from './helpers.mjs';

const { initialState, reduce } = await load('store.js');

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

test('the first prompt leaves the form alone while there is a seat to take again', () => {
  const state = play([{ type: 'link', phase: 'open' }, { type: 'prompt' }], initialState({ token: 't', nick: 'alice' }));
  assert.equal(state.asking, null);
  assert.equal(state.prompted, true);
});

test('a seat that was not kept brings the form back, with the old name and the reason, and nothing rejoins by itself', () => {
  for (const before of [joined(), initialState({ token: 't', nick: 'alice' })]) {
    const state = play([lost, { type: 'prompt' }, { type: 'resuming' }, { type: 'prompt', reason: 'Your seat was not kept' }], before);
    assert.deepEqual(state.asking, { name: 'alice', reason: 'Your seat was not kept', refused: false });
    assert.equal(state.seat, null);
    assert.equal(state.wanted, null);
    assert.equal(state.prompted, true);
    assert.equal(state.lines, before.lines);
  }
});

test('a connection that breaks while the seat is taken again leaves the seat to be tried', () => {
  const state = play([lost, { type: 'prompt' }, { type: 'resuming' }, lost, { type: 'prompt' }], joined());
  assert.equal(state.seat.token, 't');
  assert.equal(state.asking, null);
});

test('the seat is given up when the room ends it, and kept when another window has it', () => {
  const stopped = (elsewhere) => reduce(joined(), { type: 'link', phase: 'stopped', why: 'x', elsewhere });
  assert.equal(stopped(false).seat, null);
  assert.equal(stopped(true).seat.token, 't');
  assert.equal(stopped(true).asking.elsewhere, true);
});

test('a name that was given is not given twice', () => {
  const state = play([{ type: 'link', phase: 'open' }, { type: 'prompt' }, { type: 'chose', name: 'alice' }]);
  assert.equal(state.prompted, false);
  assert.equal(state.wanted, 'alice');
});

test('a refused name comes back in the form with the reason, and is not tried again by itself', () => {
  const state = play([{ type: 'link', phase: 'open' }, { type: 'prompt' }, { type: 'chose', name: 'alice' }, { type: 'prompt', reason: 'Username taken' }]);
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
  const refused = play([{ type: 'prompt' }, { type: 'chose', name: 'alice' }, { type: 'prompt', reason: 'Username taken' }]);
  const state = play([{ type: 'link', phase: 'waiting', why: 'Offline', seconds: 2 }, { type: 'link', phase: 'open' }, { type: 'prompt' }], refused);
  assert.equal(state.asking, refused.asking);
  assert.equal(state.prompted, true);
});

test('a welcome brings the members and closes the form', () => {
  const state = joined();
  assert.equal(state.me, 'alice');
  assert.equal(state.wanted, null);
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
  assert.equal(state.me, 'alice');
});

test('said and acted become lines, and know whose they are', () => {
  for (const type of ['said', 'acted']) {
    const mine = lastLine(reduce(joined(), { type, id: 1, at: 5, ...alice, text: 'hi' }));
    const theirs = lastLine(reduce(joined(), { type, id: 1, at: 5, ...bob, text: 'hi' }));
    assert.deepEqual([mine.type, mine.id, mine.nick, mine.text, mine.own], [type, 1, 'alice', 'hi', true]);
    assert.equal(theirs.own, false);
  }
});

test('my own rename is remembered, and my older lines stay mine', () => {
  const state = play([
    { type: 'said', id: 1, at: 1, ...alice, text: 'a' },
    { type: 'renamed', id: 2, at: 2, old: 'alice', new: 'alicia' },
    { type: 'said', id: 3, at: 3, nick: 'alicia', via: 'web', text: 'b' },
  ], joined());
  assert.equal(state.me, 'alicia');
  assert.deepEqual(state.lines.filter((line) => line.type === 'said').map((line) => line.own), [true, true]);
});

test('a whisper knows both ends', () => {
  const to = lastLine(reduce(joined(), { type: 'whispered', at: 1, nick: 'bob', to: 'alice', text: 'x' }));
  const from = lastLine(reduce(joined(), { type: 'whispered', at: 1, nick: 'alice', to: 'bob', text: 'x' }));
  assert.deepEqual([to.own, to.toMe], [false, true]);
  assert.deepEqual([from.own, from.toMe], [true, false]);
});

test('a welcome brings the topic, and takes back one that is no more', () => {
  const state = play([{ ...welcome, topic: 'owls' }]);
  assert.equal(state.topic, 'owls');
  assert.equal(lastLine(state).topic, 'owls');
  assert.equal(play([{ ...welcome, resumed: true, topic: '' }], state).topic, '');
});

test('that the room is out of reach holds until it is back, or until there is another connection', () => {
  const away = reduce(joined(), { type: 'notice', text: 'gone', away: true });
  assert.equal(away.link.away, true);
  assert.equal(reduce(away, { type: 'notice', text: 'You are muted' }).link.away, true);
  assert.equal(reduce(away, { type: 'notice', text: 'back', away: false }).link.away, false);
  assert.ok(!reduce(away, { type: 'link', phase: 'open' }).link.away);
});

test('refusals one after the other for the same reason say it once', () => {
  const no = { type: 'notice', text: 'You are muted', refused: true };
  const state = play([no, no, no], joined());
  assert.equal(state.lines.filter(({ text }) => text === no.text).length, 1);
  assert.equal(play([no, { type: 'notice', text: 'x' }, no], joined()).lines.at(-1).text, no.text);
});

test('a notice becomes a line, and is nobody’s; before joining the name form has it', () => {
  const line = lastLine(reduce(joined(), { type: 'notice', text: 'hello' }));
  assert.deepEqual([line.type, line.text, line.own], ['notice', 'hello', false]);
  assert.deepEqual(reduce(initialState(), { type: 'notice', text: 'hello' }).lines, []);
});

test('a lost connection keeps the lines, the people and the name', () => {
  const before = joined();
  const state = reduce(before, { type: 'link', phase: 'waiting', why: 'Offline', seconds: 3 });
  assert.deepEqual(state.link, { phase: 'waiting', why: 'Offline', seconds: 3 });
  assert.equal(state.joined, false);
  assert.equal(state.lines, before.lines);
  assert.equal(state.members, before.members);
  assert.equal(state.me, 'alice');
  assert.equal(state.asking, null);
});

test('a stopped connection asks for the name again, without calling it wrong', () => {
  const state = reduce(joined(), { type: 'link', phase: 'stopped', why: 'You left the room' });
  assert.deepEqual(state.asking, { name: 'alice', reason: 'You left the room', refused: false, elsewhere: false });
  assert.equal(state.wanted, null);
  assert.deepEqual(state.members, []);
});

test('a line that mentions the reader says under which name', () => {
  const mention = (text, who = bob) => lastLine(reduce(joined(), { type: 'said', id: 1, at: 5, ...who, text })).mention;
  assert.equal(mention('hi Alice'), 'alice');
  assert.equal(mention('malice'), '');
  assert.equal(mention('I, alice', alice), '');
});

test('who types is shown for five seconds, or until they speak', () => {
  const typing = joined([{ type: 'typing', nick: 'bob', at: 10 }, { type: 'typing', nick: 'eve', at: 12 }, { type: 'typing', nick: 'bob', at: 11 }]);
  assert.deepEqual(typing.typing, ['eve', 'bob']);
  assert.deepEqual(reduce(typing, { type: 'clock', at: 16 }).typing, ['eve']);
  assert.deepEqual(reduce(typing, { type: 'clock', at: 17 }).typing, []);
  assert.deepEqual(reduce(typing, { type: 'said', id: 1, at: 5, ...bob, text: 'hi' }).typing, ['eve']);
});
