// Who is here. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alice, joined, lastLine, load, play } from './helpers.mjs';

const { reduce } = await load('store.js');

const nicks = (state) => state.members.map((member) => member.nick);

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

test('a topic is a line, and what the room is about until there is another', () => {
  assert.equal(joined().topic, '');
  const state = play([{ type: 'topic', id: 1, at: 5, nick: 'bob', text: 'owls' }], joined());
  assert.equal(state.topic, 'owls');
  assert.equal(lastLine(state).text, 'owls');
  const cleared = reduce(state, { type: 'topic', id: 2, at: 6, nick: 'bob', text: '' });
  assert.equal(cleared.topic, '');
  assert.equal(lastLine(cleared).text, '');
});
