// Who is in the room, and through which door. It must not know how they came or what they say.

import { el } from './dom.js';
import { avatar, nickMark, toneOf, viaMark } from './marks.js';

export function createPeople(section) {
  const list = section.querySelector('ul');
  const count = section.querySelector('.count');

  return function render(state, before) {
    section.hidden = state.members.length === 0;
    if (state.members === before.members && state.me === before.me) return;
    count.textContent = state.total;
    const people = state.members.map((member) => person(member, member.nick === state.me));
    const more = state.total - state.members.length;
    list.replaceChildren(...people, ...(more > 0 ? [el('li', { class: 'more' }, `and ${more} more`)] : []));
  };
}

function person({ nick, via }, isMe) {
  const you = isMe ? [' ', el('span', { class: 'you' }, '(you)')] : [];
  const name = el('span', { class: 'name' }, nickMark(nick), ...you);
  return el('li', { class: toneOf(nick) }, avatar(nick), name, ' ', viaMark(via));
}
