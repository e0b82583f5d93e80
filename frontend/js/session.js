// Our side of the conversation with the room: answers its prompts, passes its frames on, sends what waits.
// It must not know that there is a page, nor what frames change.

import { createSender } from './sender.js';
import { createSocket } from './socket.js';
import { newest } from './thread.js';
import { createWatchdog } from './watchdog.js';

const SILENCE = 20_000; // ms without a word, after which somebody who looks again wants to know why

// dispatch(event) changes what getState() gives, at once.
export function createSession(url, { getState, dispatch }) {
  let heardAt = 0;
  const { abandon, connect, send } = createSocket(url, {
    onLink(link) {
      dispatch({ type: 'link', ...link });
      watch();
    },
    onFrame(frame) {
      heardAt = Date.now();
      dispatch(frame.type === 'typing' ? { ...frame, at: Date.now() / 1000 } : frame);
      if (getState().prompted) answer();
      pump();
    },
  });
  const sendWaiting = createSender({ getState, dispatch, send });
  const watch = createWatchdog({ getState, ask, giveUp: abandon });

  function pump() {
    sendWaiting();
    watch();
  }

  // The cheapest question there is; it is answered behind all that was sent before.
  function ask() {
    dispatch({ type: 'asked' });
    send(`/history ${getState().tip + 1} 1`);
    watch();
  }

  function answer() {
    const { seat, wanted } = getState();
    if (seat) {
      dispatch({ type: 'resuming' });
      send(`/resume ${seat.token} ${newest(getState())}`);
    } else if (wanted) join(wanted);
  }

  // Answers the prompt that is open; without one, the name waits for the next.
  function join(name) {
    const { prompted } = getState();
    dispatch({ type: 'chose', name });
    if (prompted) send(name);
    else connect();
    watch();
  }

  // What waits to be sent needs the room's patience more.
  function typing() {
    if (getState().queue.length === 0) send('/typing');
  }

  // Somebody looks, or the network is back: no reason to wait any longer, nor to believe a long silence.
  function hurry() {
    const { link, joined, asked } = getState();
    if (link.phase === 'waiting') connect();
    else if (joined && asked === null && Date.now() - heardAt > SILENCE) ask();
  }

  return { abandon, connect, hurry, join, pump, typing };
}
