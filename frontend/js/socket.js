// The one websocket: opens it, opens it again when it is lost, and tells how it is doing.
// It must not know what frames mean, nor that there is a page.
//
// onFrame gets each JSON object; onLink gets {phase, why, seconds} whenever the connection changes
// (phase: 'connecting', 'open', 'waiting' for the next attempt, 'stopped' until connect() is called).

import { meaningOfClose, retryDelay } from './retry.js';

const CONNECT_TIMEOUT = 10_000; // ms: browsers would wait minutes on a network that swallows packets
const STEADY = 10_000; // ms: a connection that lasted this long starts the back-off anew

export function createSocket(url, { onFrame, onLink }) {
  let socket = null;
  let timer = null;
  let failures = 0;

  function connect() {
    if (socket) return;
    clearTimeout(timer);
    onLink({ phase: 'connecting' });
    const current = socket = new WebSocket(url);
    let openedAt = Infinity;
    const overdue = setTimeout(() => current.close(), CONNECT_TIMEOUT);
    current.addEventListener('open', () => {
      clearTimeout(overdue);
      openedAt = performance.now();
      onLink({ phase: 'open' });
    });
    current.addEventListener('message', ({ data }) => {
      const frame = parse(data);
      if (frame) onFrame(frame);
    });
    current.addEventListener('close', ({ code, reason }) => {
      clearTimeout(overdue);
      socket = null;
      if (performance.now() - openedAt > STEADY) failures = 0;
      const { retry, why } = meaningOfClose(code, reason);
      if (retry) wait(why, performance.now() + 1000 * retryDelay(failures++, Math.random()));
      else onLink({ phase: 'stopped', why });
    });
  }

  // Counts down to a deadline rather than ticks: timers in hidden tabs run late.
  function wait(why, deadline) {
    const left = deadline - performance.now();
    if (left <= 0) return connect();
    onLink({ phase: 'waiting', why, seconds: Math.ceil(left / 1000) });
    timer = setTimeout(wait, left % 1000 || 1000, why, deadline);
  }

  // -> whether the line was handed to an open connection.
  function send(line) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(line);
    return true;
  }

  return { connect, send };
}

function parse(data) {
  try {
    const frame = JSON.parse(data);
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null; // not ours: a proxy's, or a later version's
  }
}
