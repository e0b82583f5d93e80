// Puts the page together: socket -> reduce -> views, and back from the forms to the socket.
// The only module that knows all the others; it must hold no rule of its own that could be pure.

import { createComposer } from './composer.js';
import { createJoinForm } from './join.js';
import { recall, remember } from './memory.js';
import { createMessages } from './messages.js';
import { MAX_QUEUE } from './outgoing.js';
import { createPeople } from './people.js';
import { stayAtEnd } from './scroll.js';
import { createSender } from './sender.js';
import { createSocket } from './socket.js';
import { createStatus } from './status.js';
import { initialState, reduce } from './store.js';
import { hasOlder, newest } from './thread.js';
import { createTopic } from './topic.js';

const byId = (id) => document.getElementById(id);

let state = initialState(recall());
let shown = state;
let frame = null;

function dispatch(event) {
  state = reduce(state, event);
  if (event.type === 'sent') remember(state);
  redraw();
}

// At most one drawing a frame, however many events arrive in it. A hidden tab has no frames.
function redraw() {
  frame ??= document.hidden ? setTimeout(draw, 200) : requestAnimationFrame(draw);
}

const url = new URL('/ws', location.href);
url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
const socket = createSocket(url, {
  onLink: (link) => dispatch({ type: 'link', ...link }),
  onFrame(event) {
    dispatch(event.type === 'typing' ? { ...event, at: Date.now() / 1000 } : event);
    if (state.prompted) answer();
    pump();
  },
});
const pump = createSender({ getState: () => state, dispatch, send: socket.send });

function answer() {
  if (state.seat) {
    dispatch({ type: 'resuming' });
    socket.send(`/resume ${state.seat.token} ${newest(state)}`);
  } else if (state.wanted) join(state.wanted);
}

// Answers the prompt that is open; without one, the name waits for the next.
function join(name) {
  const { prompted } = state;
  dispatch({ type: 'chose', name });
  if (prompted) socket.send(name);
  else socket.connect();
}

// -> whether the lines were taken; they wait while the connection is lost.
function send(lines) {
  if (state.me === null || state.asking || state.queue.length + lines.length > MAX_QUEUE) return false;
  scroll.toEnd();
  dispatch({ type: 'typed', lines });
  pump();
  return true;
}

function look() {
  dispatch({ type: 'looking', looking: scroll.isFollowing() && !document.hidden });
  pump();
}

function showOlder() {
  if (!messages.reveal(state) && hasOlder(state)) dispatch({ type: 'older' });
  redraw();
  pump();
}

const scroll = stayAtEnd(byId('log'), byId('lines'), byId('jump'), { onMove: look, onTop: showOlder });
const messages = createMessages(byId('log'), byId('lines'), {
  isFollowing: scroll.isFollowing,
  onAgain(key) {
    dispatch({ type: 'again', key });
    pump();
    byId('message').focus(); // the button is gone
  },
  onDiscard(key) {
    dispatch({ type: 'discard', key });
    byId('message').focus();
  },
});
const views = [
  createStatus(byId('status')),
  createTopic(byId('topic')),
  (now) => scroll.keeping(() => messages.render(now)),
  scroll.render,
  createPeople(byId('people')),
  createJoinForm(byId('join'), { join }),
  createComposer(byId('composer'), { send }),
  drawStage,
];

// Until there is something to read, the name form has the whole page to itself.
function drawStage(now) {
  const isEmpty = now.lines.length + now.pending.length === 0;
  byId('conversation').hidden = isEmpty;
  byId('room').dataset.stage = isEmpty ? 'lobby' : 'room';
  byId('earlier').hidden = !hasOlder(now);
  byId('elsewhere').hidden = !now.asking?.elsewhere;
}

function draw() {
  frame = null;
  const before = shown;
  shown = state;
  const unfinished = views.filter((view) => view(shown, before) === true);
  if (unfinished.length > 0) redraw();
  if (shown !== before) remember(shown);
}

byId('earlier').addEventListener('click', () => {
  scroll.stay();
  showOlder();
});
byId('use-here').addEventListener('click', () => {
  socket.connect();
  byId('log').focus();
});
draw();
socket.connect();

// Somebody looks, or the network is back: no reason to wait any longer.
function hurry() {
  if (state.link.phase === 'waiting') socket.connect();
}
window.addEventListener('online', hurry);
window.addEventListener('offline', socket.abandon);
window.addEventListener('pagehide', () => remember(state));
document.addEventListener('visibilitychange', () => {
  look();
  if (document.hidden) return;
  draw(); // what was asked for while hidden may never come
  hurry();
});
setInterval(() => {
  if (state.typing.length > 0) dispatch({ type: 'clock', at: Date.now() / 1000 });
}, 1000);
