// The small marks that lines and the people list share: a nick, an avatar, a door, a time.
// It must not know about state, sockets, or where a mark will be put.

import { el } from './dom.js';

const TONES = 8; // tokens.css has as many
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

// <bdi> keeps a right-to-left nick from reordering the words around it.
export function nickMark(nick) {
  return el('bdi', { class: 'nick' }, nick);
}

// The letter is drawn by CSS from the attribute, so that it is neither copied nor read aloud.
export function avatar(nick) {
  const [first = '?'] = nick;
  return el('span', { class: 'avatar', 'data-initial': first.toUpperCase(), 'aria-hidden': 'true' });
}

export function viaMark(via) {
  return el('span', { class: 'via' }, via);
}

// at: Unix seconds, as the server counts.
export function timeMark(at) {
  const date = new Date(at * 1000);
  return el('time', { datetime: date.toISOString(), title: calendar.format(date) }, clock.format(date));
}

// The same person has the same colour on every screen.
export function toneOf(nick) {
  let hash = 0;
  for (const character of nick) {
    hash = (hash * 31 + character.codePointAt(0)) % 65521;
  }
  return `tone-${hash % TONES}`;
}
