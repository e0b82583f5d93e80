// The card that says what to type to be in this room from a terminal. It must not know the room.

import { el } from './dom.js';

// content of <meta name="telnet">, as the server filled it in: "HOST PORT", " PORT" when it listens
// at every address, "" when there is no telnet door (a dyno has none) -> the commands, in order.
export function commandsFor(content, { hostname, origin }) {
  if (content.trim() === '') return [`playroom bridge ${origin}`, 'telnet localhost 12345'];
  const [host, port] = content.split(' ');
  return [`telnet ${host || hostname.replace(/^\[|\]$/g, '')} ${port}`];
}

export function createCard() {
  const { content } = document.querySelector('meta[name="telnet"]');
  const commands = commandsFor(content, location);
  const hint = el('p', { class: 'hint', 'aria-live': 'polite' });
  return el('div', { class: 'panel', role: 'dialog', 'aria-labelledby': 'card-title' },
    el('h2', { id: 'card-title' }, 'Join from a terminal'),
    el('p', {}, commands.length === 1
      ? 'The same room, the same people. Type this:'
      : 'The same room, the same people. Start the bridge, then telnet to it from a second terminal:'),
    ...commands.map((command) => commandRow(command, hint)),
    hint,
    el('p', {}, 'No telnet at hand? The Terminal button opens one here.'));
}

function commandRow(command, hint) {
  const code = el('code', { tabindex: '0' }, command);
  const copy = el('button', { class: 'quiet', type: 'button', 'aria-label': `Copy ${command}` }, 'Copy');
  copy.addEventListener('click', async () => {
    hint.textContent = await copied(command, code) ? 'Copied.' : 'Selected: now copy it with your keyboard or menu.';
  });
  return el('div', { class: 'command' }, code, copy);
}

// -> whether it is on the clipboard. Without a secure origin there is none for pages: then it is selected.
async function copied(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return false;
  }
}
