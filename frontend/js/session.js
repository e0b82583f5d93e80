// Our side of the conversation with the room: answers its prompts, passes its frames on, sends what waits.
// It must not know that there is a page, nor what frames change.

import { createSender } from './sender.js';
import { createSocket } from './socket.js';
import { newest } from './thread.js';

// dispatch(event) changes what getState() gives, at once.
export function createSession(url, { getState, dispatch }) {
  const { abandon, connect, send } = createSocket(url, {
    onLink: (link) => dispatch({ type: 'link', ...link }),
    onFrame(frame) {
      dispatch(frame.type === 'typing' ? { ...frame, at: Date.now() / 1000 } : frame);
      if (getState().prompted) answer();
      pump();
    },
  });
  const pump = createSender({ getState, dispatch, send });

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
  }

  // What waits to be sent needs the room's patience more.
  function typing() {
    if (getState().queue.length === 0) send('/typing');
  }

  // Somebody looks, or the network is back: no reason to wait any longer.
  function hurry() {
    if (getState().link.phase === 'waiting') connect();
  }

  return { abandon, connect, hurry, join, pump, typing };
}
