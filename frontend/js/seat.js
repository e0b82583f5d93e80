// The part of the state about our place in the room: how we get it, keep it, and what we send from it.
// Pure, like store.js. It must not know what others say.

import * as outgoing from './outgoing.js';
import { addNote, inDoubt, newEpoch, newest } from './thread.js';

export const seat = {
  link(state, { phase, why = '', seconds = 0, elsewhere = false }) {
    const away = { joined: false, prompted: false, resuming: false, canAsk: false, asked: null, older: false };
    const link = { phase, why, seconds };
    // From now on a command that was sent is no longer one whose answer is about to come.
    const next = withQueue({ ...state, ...away, link }, state.joined ? [...state.queue] : state.queue);
    if (phase !== 'stopped') return next;
    const asking = { name: nameOf(state), reason: why, refused: false, elsewhere };
    const gone = { ...next, wanted: null, members: [], asking };
    // The other window has the same queue: what waits in it may be sent from there.
    return elsewhere ? withQueue(gone, outgoing.giveUp(state.queue, 'queued')) : loseSeat(gone);
  },

  chose(state, { name }) {
    return { ...state, wanted: name, prompted: false };
  },

  resuming(state) {
    return { ...state, resuming: true, prompted: false, asking: null };
  },

  prompt(state, { reason = '' }) {
    const next = { ...state, prompted: true };
    if (!reason && (state.seat || state.wanted || state.asking)) return next; // what the form says still holds
    const asking = { name: nameOf(state), reason, refused: reason !== '' && !state.resuming };
    return loseSeat({ ...next, wanted: null, members: [], asking, resuming: false });
  },

  welcome(state, { nick, token, resumed, members, total, topic = '', last = 0, heard = 0 }) {
    const known = state.ranges.length ? newest(state) : state.last;
    const isNew = known !== null && last < known; // the ids, since the room has forgotten the old ones
    const thread = resumed ? state : inDoubt(state);
    // Copied with the tab, the same queue may have been sent from another window meanwhile.
    const isShared = resumed && heard > (state.seat?.sent ?? 0);
    const queue = isShared ? outgoing.doubt(state.queue, { nick, after: known ?? 0 }) : state.queue;
    const next = withQueue(
      {
        ...(isNew ? newEpoch(thread) : thread), arrived: state.nextKey,
        me: nick, wanted: null, joined: true, prompted: false, resuming: false, asking: null,
        seat: { token, sent: resumed ? heard : 0 },
        canAsk: !resumed, // then the history comes by itself
        entrance: resumed ? state.entrance : last,
        members, total, topic, tip: last, typists: [], typing: [],
        isFirst: state.me === null && !resumed,
      },
      outgoing.recount(queue, resumed ? heard : Infinity),
    );
    next.missed = known === null ? null : { epoch: next.epoch, after: isNew ? 0 : known, until: last, count: 0 };
    return resumed ? next : addNote(next, { type: 'welcome', nick, topic, again: state.me !== null });
  },

  typed(state, { lines, quiet = false }) {
    const queue = outgoing.enqueue(state.queue, lines, state.nextKey, quiet);
    return withQueue({ ...state, nextKey: state.nextKey + lines.length }, queue);
  },

  sent(state, { key }) {
    const { text } = state.queue.find((entry) => entry.key === key);
    const next = text === '/typing' ? state : countFrame(state); // the one line that the room does not count
    const { me: nick, tip: after } = state;
    return withQueue(next, outgoing.markSent(state.queue, key, { n: next.seat.sent, nick, after }));
  },

  asked(state) {
    const next = countFrame(state);
    return { ...next, asked: next.seat.sent };
  },
  again: (state, { key }) => withQueue(state, outgoing.sendAgain(state.queue, key)),
  discard: (state, { key }) => withQueue(state, outgoing.discard(state.queue, key)),
};

const nameOf = ({ wanted, asking, me, name }) => wanted ?? asking?.name ?? me ?? name;

const countFrame = (state) => ({ ...state, seat: { ...state.seat, sent: state.seat.sent + 1 } });

const loseSeat = (state) => withQueue({ ...state, seat: null }, outgoing.recount(state.queue, Infinity));

export function withQueue(state, queue) {
  return queue === state.queue ? state : { ...state, queue, pending: outgoing.pendingIn(queue, state.joined) };
}
