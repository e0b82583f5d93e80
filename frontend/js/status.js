// Says how the connection is doing. It must not know how a connection is made.

import { el } from './dom.js';

export function createStatus(element) {
  return function render({ link }) {
    const phase = link.away ? 'away' : link.phase;
    element.dataset.phase = phase;
    const text = { connecting: 'Connecting…', open: 'Connected', away: 'The room is out of reach', stopped: link.why }[phase];
    if (text !== undefined) {
      element.replaceChildren(text);
      return;
    }
    // The countdown is hidden from screen readers, or they would read it out every second.
    const said = `${link.why} — reconnecting`;
    if (element.firstChild?.data !== said) {
      element.replaceChildren(said, el('span', { 'aria-hidden': 'true' }));
    }
    element.lastChild.textContent = ` in ${link.seconds} s`;
  };
}
