// What the page knows, as a pure function: reduce(state, event) -> state.
// It must not know the DOM, the socket, the time, or chance: they arrive inside the event.
//
// Events are the server's frames (see DESIGN.md, "Websocket /ws") and two of our own:
//   link  {phase, why, seconds}  the connection changed; seconds until the next attempt
//   chose {name}                 the reader asked to join under this name

export const MAX_LINES = 1000; // keeps a page left open for days quick to scroll and small

export const MAX_MEMBERS = 500; // nobody reads a longer list, and drawing it takes long

export function initialState(name = null) {
  return {
    link: { phase: 'connecting', why: '', seconds: 0 }, // or 'open', 'waiting', 'stopped'
    wanted: name, // answers the next first prompt, so that a reconnect joins by itself
    prompted: false, // the server waits for a name: the next line we send will be one
    asking: null, // {name, reason, refused}: why the name form is shown; null: it need not be
    me: null, // the nick we last had; kept while offline
    joined: false,
    members: [], // in a crowd, only some of those who are here
    total: 0, // how many are here
    topic: '', // what the room is about, if anything
    lines: [],
    nextKey: 0,
  };
}

export function reduce(state, event) {
  // hasOwn: a type such as "constructor" is unknown, too.
  return Object.hasOwn(reducers, event.type) ? reducers[event.type](state, event) : state;
}

const reducers = {
  link(state, { phase, why = '', seconds = 0 }) {
    const next = { ...state, link: { phase, why, seconds }, joined: false, prompted: false };
    if (phase !== 'stopped') return next;
    const name = state.wanted ?? state.asking?.name ?? state.me ?? '';
    const asking = { name, reason: why, refused: false };
    return { ...next, wanted: null, members: [], asking };
  },

  chose(state, { name }) {
    return { ...state, wanted: name, prompted: false };
  },

  prompt(state, { reason = '' }) {
    if (!reason && state.wanted) return { ...state, prompted: true };
    if (!reason && state.asking) return { ...state, prompted: true }; // what the form says still holds
    const asking = { name: state.wanted ?? state.me ?? '', reason, refused: reason !== '' };
    return { ...state, prompted: true, wanted: null, members: [], asking };
  },

  welcome(state, event) {
    const { nick, members, total, topic = '' } = event;
    const next = { ...state, me: nick, wanted: nick, joined: true, prompted: false, asking: null, members, total, topic };
    return event.resumed ? next : addLine(next, { type: 'welcome', nick, topic, again: state.me !== null });
  },

  said: addLine,
  acted: addLine,

  notice(state, event) {
    // Before somebody is in, the close that follows says it again, beside the name form.
    return state.me === null ? state : addLine(state, event);
  },

  whispered(state, event) {
    return addLine(state, { ...event, toMe: event.to === state.me });
  },

  topic(state, event) {
    return addLine({ ...state, topic: event.text }, event);
  },

  joined(state, event) {
    const members = [...without(state.members, [event.nick]), { nick: event.nick, via: event.via }];
    return addLine({ ...state, members, total: state.total + 1 }, event);
  },

  left(state, event) {
    return addLine({ ...state, members: without(state.members, [event.nick]), total: state.total - 1 }, event);
  },

  presence(state, event) {
    const changed = [...event.left, ...event.joined.map((member) => member.nick)];
    const members = [...without(state.members, changed), ...event.joined].slice(0, MAX_MEMBERS);
    return addLine({ ...state, members, total: event.members }, event);
  },

  renamed(state, event) {
    const members = state.members.map((member) =>
      member.nick === event.old ? { ...member, nick: event.new } : member);
    const mine = event.old === state.me ? { me: event.new, wanted: event.new } : {};
    return addLine({ ...state, ...mine, members }, event);
  },
};

function without(members, nicks) {
  const gone = new Set(nicks);
  return members.filter((member) => !gone.has(member.nick));
}

// A line is its event, plus a key that only grows (so that a view can tell what is new) and
// whose it is, settled now: the reader may be called something else later.
function addLine(state, event) {
  const line = { ...event, key: state.nextKey, own: event.nick !== undefined && event.nick === state.me };
  return { ...state, nextKey: state.nextKey + 1, lines: [...state.lines, line].slice(-MAX_LINES) };
}
