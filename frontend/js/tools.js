// What the buttons beside the room's name open. It must not know what is in there.

import { eventually, stylesheet } from './lazy.js';

export function createTools({ telnet, terminal, settings }) {
  opensPanel(telnet, async () => (await eventually(() => import('./card.js'))).createCard());
  opensPanel(settings, async () => (await eventually(() => import('./settings.js'))).createSettings());
  opensTerminal(terminal);
}

function opensPanel(button, load) {
  button.addEventListener('click', async () => {
    const [panel] = await Promise.all([load(), stylesheet('panels')]);
    panel.popover = 'auto';
    document.body.append(panel);
    button.popoverTargetElement = panel; // from now on the button needs no help
    panel.showPopover({ source: button });
  }, { once: true });
}

function opensTerminal(button) {
  let opened = null;

  async function open() {
    button.setAttribute('aria-expanded', 'true');
    const [{ createTerminal }] = await Promise.all([eventually(() => import('./terminal.js')), stylesheet('terminal')]);
    opened = createTerminal({ close });
    document.body.append(opened.pane);
    opened.open();
  }

  function close() {
    opened.end();
    opened = null;
    button.setAttribute('aria-expanded', 'false');
    button.focus();
  }

  button.addEventListener('click', () => {
    if (opened) close();
    else if (button.getAttribute('aria-expanded') === 'false') open(); // else it is on its way
  });
}
