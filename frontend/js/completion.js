// What the word before the caret could become: a nick or a command. Pure: it must not know the page.

import { address, beginsLine } from './address.js';

// -> {start, candidates}: where the word begins, and what may stand in its place, best first.
export function completionsOf(text, caret, nicks, commands) {
  const [word] = /\S*$/.exec(text.slice(0, caret));
  const start = caret - word.length;
  const before = text.slice(0, start);
  if (word === '') return { start, candidates: [] };
  const candidates = word.startsWith('/') && beginsLine(before)
    ? beginningWith(word, commands).map((name) => `${name} `)
    : beginningWith(word, nicks).map((nick) => address(nick, before));
  return { start, candidates };
}

function beginningWith(word, names) {
  const wanted = word.normalize('NFC').toLowerCase();
  return names.filter((name) => name.toLowerCase().startsWith(wanted));
}

// Those who are here, whoever spoke last first: the one that is most likely meant. Not oneself.
export function likeliest({ lines, members, me }) {
  const here = members.map(({ nick }) => nick).sort((a, b) => a.localeCompare(b));
  const present = new Set(here);
  const spoke = lines.map(({ nick }) => nick).filter((nick) => present.has(nick)).reverse();
  return [...new Set([...spoke, ...here])].filter((nick) => nick !== me);
}
