// Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';

const js = new URL('../../frontend/js/', import.meta.url);
const { callIn, createNews } = await import(new URL('news.js', js));

const said = (id, nick = 'bob') => ({ type: 'said', id, nick, text: 'x' });
const history = (...events) => ({ type: 'history', events });
const idsOf = (newsIn, event) => newsIn(event, 'me').map(({ id }) => id);

test('what others say, do and whisper is news; what is one’s own, or no speech, is not', () => {
  const newsIn = createNews();
  assert.deepEqual(idsOf(newsIn, said(1)), [1]);
  assert.deepEqual(idsOf(newsIn, said(2, 'me')), []);
  assert.equal(newsIn({ type: 'acted', id: 3, nick: 'bob' }, 'me').length, 1);
  assert.equal(newsIn({ type: 'whispered', nick: 'bob', to: 'me' }, 'me').length, 1);
  for (const type of ['joined', 'left', 'topic', 'notice', 'typing', 'link']) {
    assert.deepEqual(newsIn({ type, nick: 'bob' }, 'me'), []);
  }
});

test('what was missed while the connection was lost is news', () => {
  const newsIn = createNews();
  newsIn({ type: 'welcome', resumed: true }, 'me');
  assert.deepEqual(idsOf(newsIn, history(said(4), said(5, 'me'), said(6))), [4, 6]);
});

test('what was said before one came, or is read again later, is no news', () => {
  const newsIn = createNews();
  newsIn({ type: 'welcome', resumed: false }, 'me');
  assert.deepEqual(idsOf(newsIn, history(said(1))), []);
  newsIn({ type: 'welcome', resumed: true }, 'me');
  newsIn(history(said(9)), 'me');
  assert.deepEqual(idsOf(newsIn, history(said(2))), []);
});

test('a mention or a whisper calls, the last one of them', () => {
  const lines = [{ id: 1, mention: true }, { id: 2, mention: true }, { id: 3, mention: false }];
  assert.equal(callIn([said(1), said(2), said(3)], lines).id, 2);
  assert.equal(callIn([said(3)], lines), undefined);
  assert.equal(callIn([said(3), { type: 'whispered', nick: 'bob' }], lines).type, 'whispered');
});
