// Who is in the room, and through which door. It must not know how they came or what they say.

import { el } from './dom.js';
import { avatar, nickMark, toneOf, viaMark } from './marks.js';

const DOORS = [['web', 'Browsers'], ['telnet', 'Telnet']];
const { compare } = new Intl.Collator(undefined, { sensitivity: 'base' });

// mention(nick): the reader wants to speak of them.
export function createPeople(section, { mention }) {
  const list = section.querySelector('ul');
  const count = section.querySelector('.count');

  list.addEventListener('click', ({ target }) => {
    const button = target.closest('button');
    if (button) mention(button.dataset.nick);
  });

  return function render(state, before) {
    section.hidden = state.members.length === 0;
    if (state.members === before.members && state.me === before.me) return;
    const held = list.contains(document.activeElement) ? document.activeElement.dataset.nick : null;
    count.textContent = state.total;
    const more = state.total - state.members.length;
    list.replaceChildren(
      ...DOORS.flatMap(([via, title]) => group(title, state.members.filter((member) => member.via === via), state.me)),
      ...(more > 0 ? [el('li', { class: 'more' }, `and ${more} more`)] : []),
    );
    if (held !== null) list.querySelector(`[data-nick="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  };
}

// The title is for the eyes: it would count as a person, and each person tells the door anyway.
function group(title, members, me) {
  if (members.length === 0) return [];
  const people = [...members].sort((a, b) => compare(a.nick, b.nick)).map((member) => person(member, member.nick === me));
  return [el('li', { class: 'group', role: 'presentation', 'aria-hidden': 'true' }, title), ...people];
}

function person({ nick, via }, isMe) {
  const name = el('span', { class: 'name' }, nickMark(nick), ...(isMe ? [' ', el('span', { class: 'you' }, '(you)')] : []));
  const handle = isMe ? el('span', { class: 'person' }) : el('button', { class: 'person', type: 'button', 'data-nick': nick });
  handle.append(avatar(nick), name);
  return el('li', { class: toneOf(nick) }, handle, ' ', viaMark(via));
}
