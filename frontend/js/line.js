// How an event becomes a line of the conversation.
// Pure, like store.js. It must not know what else the event changes.

import { addLive, addNote, knows } from './thread.js';
import { mentions } from './words.js';

// A line is its event and whose it is, settled now: the reader may be called something else later.
export function lineOf({ me }, event) {
  const own = event.nick !== undefined && event.nick === me;
  return { ...event, own, mention: !own && me && mentions(event.text ?? '', me) ? me : '' };
}

export function add(state, event) {
  const line = lineOf(state, event);
  return event.id === undefined ? addNote(state, line) : addLive(state, line);
}

// What an event changes is changed once, however often it comes.
export function once(state, event, changes) {
  return knows(state, event.id) ? state : { ...add(state, event), ...changes };
}
