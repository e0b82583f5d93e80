// By what the room answers a typed line, and how that is known again.
// Pure. It must not know what has been sent, nor what becomes of it.

import { clean } from './lines.js';

// What a command is told by, if by something of its own; any may be answered by a notice instead.
const EVENTS = {
  '/me': 'acted', '/msg': 'whispered', '/nick': 'renamed', '/topic': 'topic',
  '/history': 'history', '/tasks': 'tasks', '/source': 'source',
};
const LAST = /^\/(quit|cancel|chaos)\b/i; // the end of the connection is the answer
const CLAIM = /(?<![\p{L}\p{N}_/])(\/op).*/iu; // wherever in a line the room (room/claims.py) would take it for one

export const isSpoken = ({ text }) => /^(?![/])|^[/]{2}/.test(clean(text));

export const isClaim = ({ text }) => CLAIM.test(clean(text));

export const mayEnd = ({ text }) => LAST.test(clean(text));

// For the reader's eyes, and for whoever looks over their shoulder: without an operator's password.
export const shownAs = ({ text }) => clean(text).replace(CLAIM, '$1 …').replace(/^\/\//, '/');

// -> [the type of the event that answers, the words in it]; no type: only a notice can
export function answerTo(entry) {
  const text = clean(entry.text);
  if (isSpoken(entry)) return ['said', text.replace(/^\/\//, '/')];
  const [, command, words] = text.match(/^(\S+)\s*(.*)/su);
  const type = EVENTS[command.toLowerCase()];
  return [type, type === 'whispered' ? words.replace(/^\S+\s*/u, '') : words];
}

export const wordsOf = ({ text, new: nick }) => text ?? nick;
