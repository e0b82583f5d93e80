// Sends what waits: requests for history and typed lines, in order, no faster than the room hears them.
// It must not know how lines are answered.

import { nextRequest } from './requests.js';

const BURST = 8; // a little less than the room allows, for what others send
const PER_SECOND = 2;

// -> pump(): call it whenever there may be something to send.
export function createSender({ getState, dispatch, send, now = () => performance.now() }) {
  let free = BURST;
  let then = now();
  let timer = null;

  return function pump() {
    clearTimeout(timer);
    for (let next = nextToSend(getState()); next; next = nextToSend(getState())) {
      free = Math.min(BURST, free + ((now() - then) / 1000) * PER_SECOND);
      then = now();
      if (free < 1) {
        timer = setTimeout(pump, ((1 - free) / PER_SECOND) * 1000 + 1);
        return;
      }
      free -= 1;
      dispatch(next.event); // first, so that it is kept: after a crash between, counting tells that it was not heard
      send(next.text);
    }
  };
}

export function nextToSend(state) {
  const request = nextRequest(state);
  if (request) return { text: `/history ${request.join(' ')}`, event: { type: 'asked' } };
  const entry = state.joined && state.queue.find(({ status }) => status === 'queued');
  return entry ? { text: entry.text, event: { type: 'sent', key: entry.key } } : null;
}
