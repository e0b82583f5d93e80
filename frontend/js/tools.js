// What the buttons beside the room's name open. It must not know what is in there.

import { eventually, stylesheet } from './lazy.js';

// room: {getState, command(line), keep(ids of the panes that are open)}, for what shows more of the room
// than its conversation. What was open before a reload is opened again.
// -> press(id of a button), and hear(event, state) for all that happens.
export function createTools(bar, room) {
  const buttonOf = (id) => bar.querySelector(`#${id}`);
  const terminal = createPane(buttonOf('terminal'), keep, async (close) => {
    const [{ createTerminal }] = await Promise.all([eventually(() => import('./terminal.js')), stylesheet('terminal')]);
    return createTerminal({ close });
  });
  const nursery = createPane(buttonOf('nursery'), keep, async (close) => {
    const [{ createNursery }] = await Promise.all([eventually(() => import('./nursery.js')), stylesheet('nursery')]);
    return createNursery({ ...room, close });
  });
  const panes = { terminal, nursery };
  const presses = {
    telnet: opener(buttonOf('telnet'), async () => (await eventually(() => import('./card.js'))).createCard()),
    settings: opener(buttonOf('settings'), async () => (await eventually(() => import('./settings.js'))).createSettings()),
    terminal: terminal.toggle,
    nursery: nursery.toggle,
  };

  function keep() {
    room.keep(Object.keys(panes).filter((id) => panes[id].isOpen()));
  }

  for (const [id, { open }] of Object.entries(panes)) {
    if (room.getState().panes.includes(id)) open(false);
  }

  return {
    press: (id) => presses[id](),
    hear(event, state) {
      const [asks, stops] = event.type === 'typed' && !event.quiet ? wishesIn(event.lines) : [];
      if (asks) nursery.open(false);
      if (stops) nursery.close();
      nursery.tell(event, state);
    },
  };
}

// Whether lines ask for what the nursery pane shows, and whether for no more of it.
function wishesIn(lines) {
  const words = lines.map((line) => line.trim().toLowerCase().split(/\s+/));
  const stops = ([command, word]) => command === '/tasks' && word === 'stop';
  return [
    words.some((each) => ['/tasks', '/source'].includes(each[0]) && !stops(each)),
    words.some(stops),
  ];
}

// -> what opens a popover at the first press; from then on the button needs no help.
function opener(button, load) {
  let loading = false;
  return async () => {
    if (loading) return;
    loading = true;
    const [panel] = await Promise.all([load(), stylesheet('panels')]);
    panel.popover = 'auto';
    document.body.append(panel);
    button.popoverTargetElement = panel;
    panel.showPopover({ source: button });
  };
}

// A part of the page that is there while its button says so: load(close) -> {pane, open(takesFocus), end, hear}.
// turned() when it is opened or closed.
function createPane(button, turned, load) {
  let opened = null; // a promise of it

  function open(takesFocus) {
    if (opened) return;
    button.setAttribute('aria-expanded', 'true');
    const opening = opened = load(close);
    turned();
    opening.then((part) => {
      if (opened !== opening) return; // closed again before it had come
      document.body.append(part.pane);
      part.open(takesFocus);
    });
  }

  function close() {
    const closing = opened;
    opened = null;
    button.setAttribute('aria-expanded', 'false');
    turned();
    closing?.then(({ pane, end }) => {
      const heldFocus = pane.contains(document.activeElement);
      if (pane.isConnected) end();
      if (heldFocus) button.focus();
    });
  }

  return {
    open,
    close,
    isOpen: () => opened !== null,
    toggle: () => (opened ? close() : open(true)),
    tell: (event, state) => opened?.then(({ hear }) => hear(event, state)),
  };
}
