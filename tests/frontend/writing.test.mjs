// Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';

const js = new URL('../../frontend/js/', import.meta.url);
const { completionsOf, likeliest } = await import(new URL('completion.js', js));
const { createRecall } = await import(new URL('recall.js', js));
const { address } = await import(new URL('address.js', js));
const { sentence } = await import(new URL('typing.js', js));

const NICKS = ['alice', 'Alan', 'bob', 'Zoë'];
const COMMANDS = ['/me', '/msg', '/nick'];
const complete = (text, caret = text.length) => completionsOf(text, caret, NICKS, COMMANDS);

test('a nick at the beginning of a line is spoken to, elsewhere it is spoken of', () => {
  assert.deepEqual(complete('ali'), { start: 0, candidates: ['alice: '] });
  assert.deepEqual(complete('hi ali'), { start: 3, candidates: ['alice '] });
  assert.deepEqual(complete('one\nali'), { start: 4, candidates: ['alice: '] });
});

test('capitals and ways to write an accent make no difference', () => {
  assert.deepEqual(complete('AL').candidates, ['alice: ', 'Alan: ']);
  assert.deepEqual(complete('zoe\u0308').candidates, ['Zoë: ']);
});

test('only the word before the caret counts', () => {
  assert.deepEqual(complete('bo and alice', 2), { start: 0, candidates: ['bob: '] });
  assert.deepEqual(complete('hi ', 3), { start: 3, candidates: [] });
  assert.deepEqual(complete(''), { start: 0, candidates: [] });
});

test('commands are completed where a line begins, and nowhere else', () => {
  assert.deepEqual(complete('/m'), { start: 0, candidates: ['/me ', '/msg '] });
  assert.deepEqual(complete('either/m').candidates, []);
  assert.deepEqual(complete('see /m').candidates, []);
  assert.deepEqual(complete('//m').candidates, []);
});

test('the nick after a command has no colon', () => {
  assert.deepEqual(complete('/msg bo'), { start: 5, candidates: ['bob '] });
});

test('who spoke last is offered first, who left or is oneself not at all', () => {
  const members = ['dora', 'carl', 'bob', 'me'].map((nick) => ({ nick, via: 'web' }));
  const lines = ['carl', 'dora', 'gone', undefined, 'me'].map((nick) => ({ type: 'said', nick }));
  assert.deepEqual(likeliest({ lines, members, me: 'me' }), ['dora', 'carl', 'bob']);
});

test('a nick is addressed where a line begins', () => {
  assert.equal(address('bob', ''), 'bob: ');
  assert.equal(address('bob', 'one\n'), 'bob: ');
  assert.equal(address('bob', 'one '), 'bob ');
});

test('what was sent comes back, newest first, and the unfinished draft is kept', () => {
  const recall = createRecall();
  assert.equal(recall.older('x'), null);
  recall.add('one');
  recall.add('two');
  assert.equal(recall.older('unfinished'), 'two');
  assert.equal(recall.older('two'), 'one');
  assert.equal(recall.older('one'), null);
  assert.equal(recall.newer(), 'two');
  assert.equal(recall.newer(), 'unfinished');
  assert.equal(recall.newer(), null);
});

test('a recalled line that was changed is the draft from then on', () => {
  const recall = createRecall();
  recall.add('one');
  recall.older('old draft');
  recall.leave();
  assert.equal(recall.newer(), null);
  assert.equal(recall.older('one, changed'), 'one');
  assert.equal(recall.newer(), 'one, changed');
});

test('what was sent twice in a row comes back once, and no more than a hundred are kept', () => {
  const recall = createRecall();
  for (let number = 0; number < 150; number += 1) {
    recall.add(`line ${number}`);
    recall.add(`line ${number}`);
  }
  const back = [];
  for (let text = recall.older(''); text !== null; text = recall.older(text)) back.push(text);
  assert.equal(back.length, 100);
  assert.equal(back[0], 'line 149');
  assert.equal(back.at(-1), 'line 50');
});

test('who is typing is said by name as long as they are few', () => {
  assert.equal(sentence([]), '');
  assert.equal(sentence(['alice']), 'alice is typing…');
  assert.equal(sentence(['alice', 'bob']), 'alice and bob are typing…');
  assert.equal(sentence(['alice', 'bob', 'carl']), 'Several people are typing…');
});
