// Puts the page together: session -> reduce -> views, and back from the forms to the session.
// The only module that knows all the others; it must hold no rule of its own that could be pure.

import { createComposer } from './composer.js';
import { createConversation } from './conversation.js';
import { byId } from './dom.js';
import { createJoinForm } from './join.js';
import { eventually, lazily, stylesheet } from './lazy.js';
import { recall, remember } from './memory.js';
import { hasRoom } from './outgoing.js';
import { createSession } from './session.js';
import { createStatus } from './status.js';
import { initialState, reduce } from './store.js';
import { createTopic } from './topic.js';

let state = initialState(recall());
let shown = state;
let frame = null;
let tools = null; // a promise of what the buttons beside the room's name open, once it is wanted
let notice = null; // likewise, of what calls a reader who looks elsewhere, once there may be something

function dispatch(event) {
  state = reduce(state, event);
  const now = state;
  if (event.type === 'sent') remember(now);
  if (now.joined) notice ??= eventually(() => import('./notice.js')).then(({ createNotice }) => createNotice());
  notice?.then((hear) => hear(event, now));
  tools?.then(({ hear }) => hear(event, now));
  redraw();
}

// At most one drawing a frame, however many events arrive in it. A hidden tab has no frames.
function redraw() {
  frame ??= document.hidden ? setTimeout(draw, 200) : requestAnimationFrame(draw);
}

// What may give the room something to hear.
function act(event) {
  dispatch(event);
  session.pump();
}

const url = new URL('/ws', location.href);
url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
const session = createSession(url, { getState: () => state, dispatch });

// -> whether the lines were taken; they wait while the connection is lost.
function send(lines) {
  if (state.me === null || state.asking || !hasRoom(state.queue, lines)) return false;
  conversation.toEnd();
  if (lines.some((line) => line.startsWith('/'))) loadTools(); // some commands are answered there
  act({ type: 'typed', lines });
  return true;
}

// For whom a line is not worth keeping while the connection is lost.
function command(line) {
  if (state.joined) act({ type: 'typed', lines: [line], quiet: true });
  return state.joined;
}

function loadTools() {
  tools ??= eventually(() => import('./tools.js'))
    .then(({ createTools }) => createTools(byId('tools'), {
      getState: () => state, command, keep: (panes) => dispatch({ type: 'panes', panes }),
    }));
  return tools;
}

async function mention(nick) {
  (await eventually(() => import('./insert.js'))).mention(byId('message'), nick);
}

const conversation = createConversation({ getState: () => state, act, redraw });
const views = [
  createStatus(byId('status')),
  createTopic(byId('topic')),
  conversation.render,
  lazily(({ members }) => members.length > 0, redraw, async () => {
    const [{ createPeople }] = await Promise.all([import('./people.js'), stylesheet('people')]);
    return createPeople(byId('people'), { mention });
  }),
  createJoinForm(byId('join'), session),
  createComposer(byId('composer'), { send, typing: session.typing }),
  lazily(({ typing }) => typing.length > 0, redraw, async () => (await import('./typing.js')).createTyping(byId('typing'))),
  drawStage,
];

// Until there is something to read, the name form has the whole page to itself.
function drawStage(now) {
  const isEmpty = now.lines.length + now.pending.length === 0;
  byId('conversation').hidden = isEmpty;
  byId('room').dataset.stage = isEmpty ? 'lobby' : 'room';
  byId('elsewhere').hidden = !now.asking?.elsewhere;
}

function draw() {
  frame = null;
  const before = shown;
  shown = state;
  if (views.filter((view) => view(shown, before) === true).length > 0) redraw(); // one has not finished
  if (shown !== before) remember(shown);
}

byId('tools').addEventListener('click', async ({ target }) => {
  const button = target.closest('button');
  if (button) (await loadTools()).press(button.id);
});
byId('use-here').addEventListener('click', () => {
  session.connect();
  byId('log').focus();
});
draw();
conversation.look();
session.connect();
if (state.panes.length > 0) loadTools();

window.addEventListener('online', session.hurry);
window.addEventListener('offline', session.abandon);
window.addEventListener('pagehide', () => remember(state));
document.addEventListener('visibilitychange', () => {
  conversation.look();
  if (document.hidden) return;
  draw(); // what was asked for while hidden may never come
  session.hurry();
});
setInterval(() => {
  if (state.typing.length > 0) dispatch({ type: 'clock', at: Date.now() / 1000 });
}, 1000);
