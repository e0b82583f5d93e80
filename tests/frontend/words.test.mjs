// Links and mentions inside a text. Run: node --test tests/frontend
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './helpers.mjs';

const { mentions, partsOf } = await load('words.js');

const links = (text) => partsOf(text).filter((part) => part.href).map((part) => part.text);

test('the parts together are the text, character for character', () => {
  for (const text of ['', 'a', 'see https://a.example/ and http://b.example.', 'alice: https://alice.example/alice alice', '<b>x</b>']) {
    assert.equal(partsOf(text, 'alice').map((part) => part.text).join(''), text);
  }
});

test('http and https are links, shown as they were typed', () => {
  assert.deepEqual(partsOf('see HTTPS://Example.org/A?b=c#d now'), [
    { text: 'see ' }, { text: 'HTTPS://Example.org/A?b=c#d', href: 'https://example.org/A?b=c#d' }, { text: ' now' },
  ]);
  assert.deepEqual(links('http://[::1]:8000/x http://127.0.0.1'), ['http://[::1]:8000/x', 'http://127.0.0.1']);
});

test('nothing else is a link', () => {
  for (const text of ['javascript:alert(1)', 'JAVASCRIPT://https', 'data:text/html,x', 'file:///etc/passwd', 'www.example.org',
    'xhttps://a.example', 'https://', 'http://:', 'https:// a', 'vbscript:x', 'ftp://a.example']) {
    assert.deepEqual(links(text), [], text);
  }
});

test('punctuation and brackets behind a link belong to the sentence', () => {
  const cases = {
    'https://a.example/b.': 'https://a.example/b',
    '(https://a.example/b)': 'https://a.example/b',
    '(see https://a.example/b_(c)).': 'https://a.example/b_(c)',
    '“https://a.example/b”, yes': 'https://a.example/b',
    '<https://a.example/b>': 'https://a.example/b',
    'https://a.example/b/?!': 'https://a.example/b/',
    'https://a.example/?q=': 'https://a.example/?q=',
    '[x](https://a.example/b)': 'https://a.example/b',
  };
  for (const [text, link] of Object.entries(cases)) assert.deepEqual(links(text), [link], text);
});

test('a link that pretends to lead elsewhere is no link', () => {
  assert.deepEqual(links('https://bank.example@evil.example/'), []);
  assert.deepEqual(links('https://bank.example:443@evil.example/'), []);
});

test('a link ends before a character that nobody sees or that reorders the others', () => {
  for (const character of ['\u202e', '\u200f', '\u200b', '\u2066', '\u00ad']) {
    assert.deepEqual(links(`https://a.example/${character}gpj.exe`), ['https://a.example/'], character.codePointAt(0).toString(16));
  }
});

test('letters that look like others show where the link really leads', () => {
  const [part] = partsOf('https://аpple.example/');
  assert.equal(part.text, 'https://аpple.example/');
  assert.match(part.href, /^https:\/\/xn--/);
});

test('a nick is mentioned as a whole word, in any case and any script', () => {
  assert.ok(mentions('hi Alice!', 'alice'));
  assert.ok(mentions('@ALICE', 'alice'));
  assert.ok(mentions('(alice)', 'alice'));
  assert.ok(mentions('привет, ОЛЬГА', 'Ольга'));
  assert.ok(mentions('grüß dich, JÖRG', 'jörg'));
  assert.ok(!mentions('malice', 'alice'));
  assert.ok(!mentions('alice2', 'alice'));
  assert.ok(!mentions('alice_', 'alice'));
  assert.ok(!mentions('Ольгами', 'Ольга'));
  assert.ok(!mentions('aliceé', 'alice'));
  assert.ok(!mentions('https://alice.example/', 'alice'));
});

test('a nick is taken literally', () => {
  assert.ok(mentions('hello a.b(c)*', 'a.b(c)*'));
  assert.ok(!mentions('hello axb', 'a.b'));
  assert.ok(mentions('well, ^_^-[x]|{y}/$ it is', '^_^-[x]|{y}/$'));
});
