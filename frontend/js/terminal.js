// The terminal pane: a telnet of one's own into the same room, beside it. It must not know what is
// said there, nor what else is on the page.

import { el } from './dom.js';
import { createScreen } from './screen.js';
import { createTelnet, GREETING, lineBytes } from './telnet.js';

export function createTerminal({ close }) {
  const output = el('div', { class: 'output', role: 'log', 'aria-label': 'Terminal output', tabindex: '0' });
  const input = el('input', { type: 'text', 'aria-label': 'Terminal input', autocomplete: 'off', autocapitalize: 'off', autocorrect: 'off', spellcheck: 'false', enterkeyhint: 'send', maxlength: '1000' });
  const again = el('button', { class: 'quiet', type: 'button', hidden: '' }, 'Reconnect');
  const hide = el('button', { class: 'quiet', type: 'button', 'aria-label': 'Close pane' }, 'Close');
  const form = el('form', {}, input);
  const pane = el('aside', { class: 'terminal', id: 'terminal-pane', 'aria-label': 'Terminal pane' },
    el('header', {}, el('h2', {}, 'telnet'), again, hide), output, form);
  const screen = createScreen(output);
  let socket = null;
  let telnet = null;

  function connect() {
    const url = new URL('/telnet', location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const current = socket = new WebSocket(url, 'telnet.mudstandards.org');
    telnet = createTelnet(...sizeOf(output));
    again.hidden = true;
    current.binaryType = 'arraybuffer';
    current.addEventListener('open', () => current.send(GREETING));
    current.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') return; // not telnet
      const { text, reply } = telnet.receive(new Uint8Array(data));
      if (reply.length > 0) send(reply);
      screen.write(text);
    });
    current.addEventListener('close', ({ reason }) => {
      if (current !== socket) return;
      screen.note(`Connection closed${reason && `: ${reason}`}.`);
      again.hidden = false;
    });
  }

  function send(bytes) {
    const isOpen = socket.readyState === WebSocket.OPEN;
    if (isOpen && bytes.length > 0) socket.send(bytes);
    return isOpen;
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!send(lineBytes(input.value))) return;
    screen.echo(input.value);
    input.value = '';
  });
  again.addEventListener('click', () => {
    connect();
    input.focus();
  });
  hide.addEventListener('click', close);
  const resized = new ResizeObserver(() => send(telnet.resize(...sizeOf(output))));

  return {
    pane,
    // Only now it has a size, which the server is told.
    open(takesFocus) {
      connect();
      resized.observe(output);
      if (takesFocus) input.focus();
    },
    end() {
      resized.disconnect();
      const last = socket;
      socket = null;
      last.close(1000);
      pane.remove();
    },
  };
}

// In characters: as wide as the zeros that fit.
function sizeOf(output) {
  const probe = output.appendChild(el('span', {}, '0'.repeat(10)));
  const { width, height } = probe.getBoundingClientRect();
  probe.remove();
  const { paddingInlineStart: padding } = getComputedStyle(output);
  const inside = output.clientWidth - 2 * parseFloat(padding);
  return [Math.floor(inside / (width / 10)) || 80, Math.floor(output.clientHeight / height) || 24];
}
