// What the page knows, as a pure function: reduce(state, event) -> state.
// It must not know the DOM, the socket, the time, or chance: they arrive inside the event.
//
// Events are the server's frames (see backend/PROTOCOL.md) and some of our own:
//   link     {phase, why, seconds, elsewhere}  the connection changed; seconds until the next attempt
//   chose    {name}     the reader asked to join under this name
//   resuming            the prompt is being answered with the token of our seat
//   typed    {lines, quiet}  the reader wrote, or the page asks quietly; sent {key}: one of these goes out
//   asked               a request for history does
//   again    {key}, discard {key}   what the reader decided about a line that was not confirmed
//   looking  {looking}  whether the newest line is before the reader's eyes
//   older               the reader went up to the oldest line that is here
//   panes    {panes}    one was opened or closed
//   clock    {at}       time passes while somebody types

import { markAnswered } from './outgoing.js';
import { presence } from './presence.js';
import { reading } from './reading.js';
import { seat, withQueue } from './seat.js';
import { emptyThread, knows } from './thread.js';

const reducers = { ...seat, ...reading, ...presence };

// kept: what memory.js has kept from before a reload.
export function initialState({ token, sent = 0, nick = '', last = null, queue = [], panes = [] } = {}) {
  const state = {
    ...emptyThread,
    link: { phase: 'connecting', why: '', seconds: 0 }, // or 'open' (away: with a room out of reach), 'waiting', 'stopped'
    seat: token ? { token, sent } : null, // ours in the room, even while the connection is lost
    resuming: false,
    wanted: null, // a name that was given before the prompt came
    prompted: false, // the server waits for a name: the next line we send will be one
    asking: null, // {name, reason, refused, elsewhere}: why there is a form instead of the composer
    name: nick, // the one we had before a reload
    me: null, // the nick we last had; kept while offline
    joined: false,
    members: [], // in a crowd, only some of those who are here
    total: 0, // how many are here
    topic: '', // what the room is about, if anything
    canAsk: false, // whether we may ask for what was before
    entrance: null, // the id of our own coming, which we need not be told of
    asked: null, // the number of the request that is under way, among the frames of this seat
    older: false, // whether the reader wants to see what was before
    last, // the newest id that was known before a reload; null for a newcomer
    missed: null, // {epoch, after, until, count, key}: what came while we were away
    isFirst: false, // the next history is the first there is to see
    looking: true,
    unread: 0,
    marker: null, // key of the line at which the reader stopped reading
    typists: [],
    typing: [], // nicks
    panes, // ids of those that are open beside the conversation
  };
  return withQueue({ ...state, nextKey: queue.length }, queue.map((entry, key) => ({ ...entry, key })));
}

export function reduce(state, event) {
  // hasOwn: a type such as "constructor" is unknown, too.
  const next = Object.hasOwn(reducers, event.type) ? reducers[event.type](state, event) : state;
  return isAnswer(state, event, next) ? withQueue(next, markAnswered(next.queue, event)) : next;
}

// What comes twice answers once, and nothing that somebody else has done.
function isAnswer(state, { type, id, nick, old = nick }, next) {
  const isToldAgain = knows(state, id) || (type === 'whispered' && next === state);
  return state.joined && !isToldAgain && (old === undefined || old === state.me);
}
