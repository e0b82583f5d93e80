// What the reader has typed and the room has not answered yet: a queue in which nothing is lost or sent twice.
// Pure. It must not know the socket; time and pace are the sender's.
//
// An entry is {key, text, status, n, nick, after}: the n-th frame of this seat, sent under that nick
// when the newest event was `after`. Its status:
//   queued       not sent yet
//   sent         waits for its own `said`
//   doubtful     sent before the connection was lost; the history will tell whether it was said
//   unconfirmed  the history did not tell
//   refused      the room would not say it

import { clean } from './lines.js';

const MAX_QUEUE = 200; // far more than anybody types while a train is in a tunnel
const MAX_COMMANDS = 50; // sent ones that are remembered; most have no answer of their own

export const isSpoken = ({ text }) => /^(?![/])|^[/]{2}/.test(clean(text));

export const saidAs = ({ text }) => clean(text).replace(/^\/\//, '/');

export const hasRoom = (queue, lines) => queue.length + lines.length <= MAX_QUEUE;

export function enqueue(queue, texts, key) {
  const entries = texts.map((text, index) => ({ key: key + index, text, status: 'queued' }));
  return [...queue, ...entries];
}

export function markSent(queue, key, sent) {
  const next = queue.map((entry) => (entry.key === key ? { ...entry, ...sent, status: 'sent' } : entry));
  const commands = next.filter((entry) => entry.status === 'sent' && !isSpoken(entry));
  return commands.length > MAX_COMMANDS ? next.filter((entry) => entry !== commands[0]) : next;
}

// Our own line came back. Answers come in order, so whatever was sent before it had its chance.
export function markSaid(queue, text) {
  const mine = sentLines(queue);
  const said = mine.find((entry) => saidAs(entry) === text) ?? mine[0];
  if (!said) return queue;
  return queue.flatMap((entry) => {
    if (entry === said) return [];
    if (entry.status !== 'sent' || entry.n > said.n) return [entry];
    return isSpoken(entry) ? [{ ...entry, status: 'refused' }] : [];
  });
}

export function markRefused(queue) {
  const [oldest] = sentLines(queue);
  return queue.map((entry) => (entry === oldest ? { ...entry, status: 'refused' } : entry));
}

const sentLines = (queue) => queue.filter((entry) => entry.status === 'sent' && isSpoken(entry));

// Back in the room, which has heard so many frames of this seat: what it has not heard is sent again.
// Of a seat that was lost nobody knows; there, all may have been heard.
export function recount(queue, heard) {
  return queue.flatMap((entry) => {
    if (entry.status !== 'sent') return [entry];
    if (entry.n > heard) return [{ ...entry, status: 'queued' }];
    return isSpoken(entry) ? [{ ...entry, status: 'doubtful' }] : [];
  });
}

// Somebody else may have sent what still waits here.
export function doubt(queue, sent) {
  return queue.map((entry) => (entry.status === 'queued' ? { ...entry, ...sent, status: 'doubtful' } : entry));
}

// Each line of the history confirms one entry at most. A line that was sent behind a /nick was said
// under the nick that we have now (`own`).
export function confirm(queue, lines) {
  const left = [...queue];
  for (const { type, id, nick, own, text } of lines) {
    const index = type === 'said' ? left.findIndex((entry) => entry.status === 'doubtful'
      && (own || entry.nick === nick) && id > entry.after && saidAs(entry) === text) : -1;
    if (index >= 0) left.splice(index, 1);
  }
  return left;
}

export function giveUp(queue, status) {
  return queue.flatMap((entry) => {
    if (entry.status !== status) return [entry];
    return isSpoken(entry) ? [{ ...entry, status: 'unconfirmed' }] : [];
  });
}

export function sendAgain(queue, key) {
  const entry = queue.find((one) => one.key === key);
  return entry ? [...discard(queue, key), { ...entry, status: 'queued' }] : queue;
}

export const discard = (queue, key) => queue.filter((entry) => entry.key !== key);
