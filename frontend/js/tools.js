// The buttons beside the room's name, and what they open; loaded when it is asked for.
// It must not know what is in there.

import { opensPanel, stylesheet } from './lazy.js';

export function createTools({ telnet, terminal, settings }) {
  opensPanel(telnet, async () => (await import('./card.js')).createCard());
  opensPanel(settings, async () => (await import('./settings.js')).createSettings());

  let opened = null;

  async function open() {
    const [{ createTerminal }] = await Promise.all([import('./terminal.js'), stylesheet('terminal')]);
    opened = createTerminal({ close });
    document.body.append(opened.pane);
    opened.open();
  }

  function close() {
    opened.end();
    opened = null;
    terminal.setAttribute('aria-expanded', 'false');
    terminal.focus();
  }

  terminal.addEventListener('click', () => {
    if (opened) return close();
    if (terminal.getAttribute('aria-expanded') === 'true') return; // on its way
    terminal.setAttribute('aria-expanded', 'true');
    open();
  });
}
