// Puts the page together: socket -> reduce -> views, and back from the forms to the socket.
// The only module that knows all the others; it must hold no rule of its own that could be pure.

import { createComposer } from './composer.js';
import { createJoinForm } from './join.js';
import { recallName, rememberName } from './memory.js';
import { createMessages } from './messages.js';
import { createNotice } from './notice.js';
import { createPeople } from './people.js';
import { stayAtEnd } from './scroll.js';
import { createSocket } from './socket.js';
import { createStatus } from './status.js';
import { initialState, reduce } from './store.js';
import { createTopic } from './topic.js';
import { createTyping } from './typing.js';

const byId = (id) => document.getElementById(id);

let state = initialState(recallName());
let shown = state;
let frame = null;
const notice = createNotice();

function dispatch(event) {
  const before = state;
  state = reduce(state, event);
  if (state.wanted !== before.wanted) rememberName(state.wanted);
  notice(event, state);
  // At most one drawing a frame, however many events arrive in it.
  frame ??= requestAnimationFrame(draw);
}

const url = new URL('/ws', location.href);
url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
const socket = createSocket(url, {
  onLink: (link) => dispatch({ type: 'link', ...link }),
  onFrame(event) {
    dispatch(event);
    if (state.prompted && state.wanted) join(state.wanted);
  },
});

// Answers the prompt that is open; without one, the name waits for the next.
function join(name) {
  const { prompted } = state;
  dispatch({ type: 'chose', name });
  if (prompted) socket.send(name);
  else socket.connect();
}

function send(lines) {
  scroll.toEnd();
  return state.joined && lines.every((line) => socket.send(line));
}

async function mention(nick) {
  (await import('./insert.js')).mention(byId('message'), nick);
}

const scroll = stayAtEnd(byId('log'), byId('lines'), byId('jump'));
const views = [
  createStatus(byId('status')),
  createTopic(byId('topic')),
  createMessages(byId('lines')),
  createPeople(byId('people'), { mention }),
  createJoinForm(byId('join'), { join }),
  createComposer(byId('composer'), { send, typing: () => socket.send('/typing') }),
  createTyping(byId('typing')),
  drawStage,
];

// Until there is something to read, the name form has the whole page to itself.
function drawStage({ lines }) {
  byId('conversation').hidden = lines.length === 0;
  byId('room').dataset.stage = lines.length === 0 ? 'lobby' : 'room';
}

function draw() {
  frame = null;
  const before = shown;
  shown = state;
  for (const view of views) view(state, before);
}

draw();
socket.connect();

// Somebody looks, or the network is back: no reason to wait any longer.
function hurry() {
  if (state.link.phase === 'waiting') socket.connect();
}
window.addEventListener('online', hurry);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) hurry();
});

// What the buttons beside the room's name open is loaded at the first click on one of them.
byId('tools').addEventListener('click', async ({ target }) => {
  const { createTools } = await import('./tools.js');
  createTools({ telnet: byId('telnet'), terminal: byId('terminal'), settings: byId('settings') });
  target.closest('button')?.click();
}, { once: true });
