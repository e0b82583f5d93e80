// The part of the state about the others: who is here, who types, and what the room is about.
// Pure, like store.js. It must not know what they say.

import { once } from './line.js';

export const MAX_MEMBERS = 500; // nobody reads a longer list, and drawing it takes long

const TYPING = 5; // seconds for which somebody who typed is taken to be typing still

export const presence = {
  topic: (state, event) => once(state, event, { topic: event.text }),

  joined(state, event) {
    const members = [...without(state.members, [event.nick]), { nick: event.nick, via: event.via }];
    return once(state, event, { members, total: state.total + 1 });
  },

  left(state, event) {
    const members = without(state.members, [event.nick]);
    return once(stopTyping(state, event.nick), event, { members, total: state.total - 1 });
  },

  presence(state, event) {
    const changed = [...event.left, ...event.joined.map((member) => member.nick)];
    const members = [...without(state.members, changed), ...event.joined].slice(0, MAX_MEMBERS);
    return once(state, event, { members, total: event.members });
  },

  renamed(state, event) {
    const members = state.members.map((member) =>
      member.nick === event.old ? { ...member, nick: event.new } : member);
    return once(stopTyping(state, event.old), event, { members, ...(event.old === state.me && { me: event.new }) });
  },

  typing(state, { nick, at }) {
    return withTypists(state, [...state.typists.filter((one) => one.nick !== nick), { nick, until: at + TYPING }]);
  },

  clock(state, { at }) {
    return withTypists(state, state.typists.filter(({ until }) => until > at));
  },
};

function withTypists(state, typists) {
  return { ...state, typists, typing: typists.map(({ nick }) => nick) };
}

export function stopTyping(state, nick) {
  return state.typing.includes(nick) ? withTypists(state, state.typists.filter((one) => one.nick !== nick)) : state;
}

function without(members, nicks) {
  const gone = new Set(nicks);
  return members.filter((member) => !gone.has(member.nick));
}
