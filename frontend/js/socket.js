// The one websocket: opens it, opens it again when it is lost, and tells how it is doing.
// It must not know what frames mean, nor that there is a page.
//
// onFrame gets each JSON object; onLink gets {phase, why, seconds, elsewhere} whenever the connection changes
// (phase: 'connecting', 'open', 'waiting' for the next attempt, 'stopped' until connect() is called).

import { meaningOfClose, retryDelay } from './retry.js';

const CONNECT_TIMEOUT = 10_000; // ms: browsers would wait minutes on a network that swallows packets
const STEADY = 10_000; // ms: a connection that lasted this long starts the back-off anew
const LOST = 1006; // RFC 6455, 7.4.1: what a browser reports when there was no goodbye

export function createSocket(url, { onFrame, onLink }) {
  let socket = null;
  let openedAt = null;
  let timer = null;
  let failures = 0;
  let reason = ''; // why the connection ended that was open last

  function connect() {
    if (socket) return;
    clearTimeout(timer);
    onLink({ phase: 'connecting' });
    const current = socket = new WebSocket(url);
    openedAt = null;
    const overdue = setTimeout(() => current.close(), CONNECT_TIMEOUT);
    const listen = (type, handle) =>
      current.addEventListener(type, (event) => socket === current && handle(event));
    listen('open', () => {
      clearTimeout(overdue);
      openedAt = performance.now();
      onLink({ phase: 'open' });
    });
    listen('message', ({ data }) => {
      const frame = parse(data);
      if (frame) onFrame(frame);
    });
    listen('close', (event) => {
      clearTimeout(overdue);
      ended(event.code, event.reason);
    });
  }

  function ended(code, words) {
    socket = null;
    const { retry, why, elsewhere } = meaningOfClose(code, words);
    if (openedAt !== null || !reason || !retry) reason = why;
    if (openedAt !== null && performance.now() - openedAt > STEADY) failures = 0;
    if (retry) wait(performance.now() + 1000 * retryDelay(failures++, Math.random()));
    else onLink({ phase: 'stopped', why, elsewhere });
  }

  // There is no network: no need to wait until the silence proves it. The old connection is left
  // alone, because closing it would mean leaving; the room closes it when we are back.
  function abandon() {
    if (socket) ended(LOST, '');
  }

  // Counts down to a deadline rather than ticks: timers in hidden tabs run late.
  function wait(deadline) {
    const left = deadline - performance.now();
    if (left <= 0) return connect();
    onLink({ phase: 'waiting', why: reason, seconds: Math.ceil(left / 1000) });
    timer = setTimeout(wait, left % 1000 || 1000, deadline);
  }

  // -> whether the line was handed to an open connection.
  function send(line) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(line);
    return true;
  }

  return { abandon, connect, send };
}

function parse(data) {
  try {
    const frame = JSON.parse(data);
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null; // not ours: a proxy's, or a later version's
  }
}
