// The part of the state that is read: what was said, live or from the history, and what is unread of it.
// Pure, like store.js. It must not know how a line looks.

import { add, lineOf } from './line.js';
import * as outgoing from './outgoing.js';
import { stopTyping } from './presence.js';
import { withQueue } from './seat.js';
import { addHistory, addNote, knows } from './thread.js';

export const reading = {
  history(state, frame) {
    // Older lines are still wanted if this is about newer ones: a gap, or only a sign of life.
    const older = state.older && frame.before > state.ranges[0]?.from + 1;
    const asked = state.asked === null ? {} : { asked: null, older };
    const before = { ...state, canAsk: true, ...asked, isFirst: false };
    const others = frame.events.filter(({ type, id }) => type !== 'joined' || id !== state.entrance);
    const merged = addHistory(before, frame, others.map((event) => ({ ...lineOf(state, event), past: true })));
    const fresh = merged.lines.filter((line) => line.past && line.key >= state.nextKey);
    const answered = state.asked === null ? state.queue : outgoing.settle(state.queue, state.asked);
    const queue = outgoing.confirm(answered, fresh);
    const isWhole = merged.ranges.length === 1;
    const next = withQueue(countMissed(merged, fresh), isWhole ? outgoing.giveUp(queue, 'doubtful') : queue);
    if (!state.isFirst || fresh.length === 0) return next;
    return addNote(next, { type: 'earlier' }, state.tip + 0.25);
  },

  said(state, event) {
    const next = speech(stopTyping(state, event.nick), event);
    return event.nick === state.me ? { ...next, marker: null } : next;
  },

  acted: (state, event) => speech(stopTyping(state, event.nick), event),
  whispered(state, event) {
    // After a resume the room tells again what may have been missed.
    const isSame = ({ type, at, nick, to, text }) =>
      type === 'whispered' && at === event.at && nick === event.nick && to === event.to && text === event.text;
    if (state.lines.some(isSame)) return state;
    const late = !state.canAsk; // between the welcome and the history, it is told again
    const next = speech(state, { ...event, late, toMe: event.to === state.me });
    return withQueue(next, outgoing.confirm(state.queue, [lineOf(state, event)]));
  },

  notice(state, event) {
    // Before somebody is in, the close that follows says it again, beside the name form.
    if (state.me === null) return state;
    const queue = outgoing.markNoticed(state.queue, event.refused === true);
    const link = { ...state.link, away: event.away ?? state.link.away };
    const isRepeated = event.refused && state.lines.at(-1)?.text === event.text; // the lines themselves show it
    return withQueue({ ...(isRepeated ? state : add(state, event)), link }, queue);
  },

  looking: (state, { looking }) => ({ ...state, looking, unread: looking ? 0 : state.unread }),
  panes: (state, { panes }) => ({ ...state, panes }),
  older: (state) => ({ ...state, older: true }),
};

// Somebody speaks: worth counting while nobody looks.
function speech(state, event) {
  if (knows(state, event.id)) return state;
  const next = add(state, event);
  if (state.looking || event.nick === state.me) return next;
  return { ...next, unread: state.unread + 1, marker: state.unread ? state.marker : state.nextKey };
}

// The divider that says how much was missed stands where the reader left.
function countMissed(state, fresh) {
  const { missed, epoch } = state;
  if (!missed) return state;
  const { until } = missed;
  const after = epoch === missed.epoch ? missed.after : 0;
  const isMissed = ({ type, id, own }) => (type === 'said' || type === 'acted') && !own && id > after && id <= until;
  const more = fresh.filter(isMissed).length;
  if (more === 0) return state;
  const count = missed.count + more;
  const lines = state.lines.filter(({ key }) => key !== missed.key);
  const next = addNote({ ...state, lines }, { type: 'missed', count }, after + 0.5);
  const unread = state.looking ? 0 : state.unread + more;
  return { ...next, unread, missed: { epoch, after, until, count, key: state.nextKey } };
}
