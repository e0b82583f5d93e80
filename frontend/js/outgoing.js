// What the reader has typed and the room has not answered yet: a queue in which nothing is lost or sent twice.
// Pure. It must not know the socket; time and pace are the sender's.
//
// An entry is {key, text, quiet, status, n, nick, after}: the n-th frame of this seat, sent under that nick
// when the newest event was `after`; quiet if the page asks, and not its reader. Its status:
//   queued       not sent yet
//   sent         waits for its answer
//   doubtful     sent before the connection was lost; the history will tell what came of it
//   unconfirmed  the history did not tell
//   refused      the room would not say it

import { answerTo, isSpoken, mayEnd, wordsOf } from './answers.js';

const MAX_QUEUE = 200; // far more than anybody types while a train is in a tunnel

export const hasRoom = (queue, lines) => queue.length + lines.length <= MAX_QUEUE;

// A command's answer comes at once, as a rule, and says enough.
export const pendingIn = (queue, joined) =>
  queue.filter((entry) => !entry.quiet && (isSpoken(entry) || entry.status !== 'sent' || !joined));

export function enqueue(queue, texts, key, quiet) {
  const entries = texts.map((text, index) => ({ key: key + index, text, quiet, status: 'queued' }));
  return [...queue, ...entries];
}

export function markSent(queue, key, sent) {
  return queue.flatMap((entry) => {
    if (entry.key !== key) return [entry];
    return entry.quiet || entry.text === '/typing' ? [] : [{ ...entry, ...sent, status: 'sent' }];
  });
}

const sentIn = (queue) => queue.filter(({ status }) => status === 'sent');

// Our own line came back, or what came of a command.
export function markAnswered(queue, event) {
  const mine = sentIn(queue).filter((entry) => answerTo(entry)[0] === event.type);
  const it = mine.find((entry) => answerTo(entry)[1] === wordsOf(event)) ?? mine[0];
  return it ? settle(queue.filter((entry) => entry !== it), it.n) : queue;
}

// Answers come in order: whatever was sent before the n-th frame had its chance.
export function settle(queue, n) {
  return queue.flatMap((entry) => {
    if (entry.status !== 'sent' || entry.n > n) return [entry];
    return isSpoken(entry) ? [{ ...entry, status: 'refused' }] : [];
  });
}

// A refusal answers the oldest line; any other notice a command, if no line has to be answered before.
export function markNoticed(queue, refused) {
  const sent = sentIn(queue);
  const it = refused ? sent.find(isSpoken) : sent[0];
  return it && isSpoken(it) === refused ? settle(queue, it.n) : queue;
}

// Back in the room, which has heard so many frames of this seat: what it has not heard is sent again.
// Of a seat that was lost nobody knows; there, all may have been heard.
export function recount(queue, heard) {
  return queue.flatMap((entry) => {
    if (entry.status !== 'sent') return [entry];
    if (entry.n > heard) return [{ ...entry, status: 'queued' }];
    return mayEnd(entry) ? [] : [{ ...entry, status: 'doubtful' }];
  });
}

// Somebody else may have sent what still waits here.
export function doubt(queue, sent) {
  return queue.map((entry) => (entry.status === 'queued' ? { ...entry, ...sent, status: 'doubtful' } : entry));
}

// Each line that is told again confirms one entry at most. A line that was sent behind a /nick was said
// under the nick that we have now (`own`).
export function confirm(queue, lines) {
  const left = [...queue];
  for (const line of lines) {
    const index = left.findIndex((entry) => {
      const [type, words] = answerTo(entry);
      return entry.status === 'doubtful' && type === line.type && words === wordsOf(line)
        && (line.own || entry.nick === (line.nick ?? line.old)) && !(line.id <= entry.after);
    });
    if (index >= 0) left.splice(index, 1);
  }
  return left;
}

export function giveUp(queue, status) {
  return queue.flatMap((entry) => {
    if (entry.status !== status) return [entry];
    return entry.quiet ? [] : [{ ...entry, status: 'unconfirmed' }];
  });
}

export function sendAgain(queue, key) {
  const entry = queue.find((one) => one.key === key);
  return entry ? [...discard(queue, key), { ...entry, status: 'queued' }] : queue;
}

export const discard = (queue, key) => queue.filter((entry) => entry.key !== key);
