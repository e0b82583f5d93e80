// The theatre: buttons for its acts, and what the room tells of the one that is on.
// It must not know what an act does.

import { el } from './dom.js';

const ACTS = [
  ['Demo', '/demo', 'A parent waits for its two children.'],
  ['Storm', '/chaos storm', '36 children, and one scope that cancels them.'],
  ['Stall', '/chaos stall', 'You stop reading. Nobody else has to wait.'],
  ['Crash', '/chaos crash', 'Your task raises. Nobody else falls.'],
];
const LINES = [...ACTS.map(([, line]) => line), '/cancel'];
const LOOKS = /^\/(tasks|source)\b/i; // what is sent by looking on; an act goes on meanwhile

// play(line): the reader wants to see this act.
export function createActs(play) {
  const told = el('p', { class: 'told' });
  let isOn = false;

  function actOf([name, line, purpose], index) {
    const button = el('button', { type: 'button', 'aria-describedby': `act-${index}` }, name);
    button.addEventListener('click', () => play(line));
    return el('div', {}, button, el('p', { id: `act-${index}` }, purpose));
  }

  return {
    element: el('div', { class: 'theatre' }, el('div', { class: 'acts' }, ...ACTS.map(actOf)), told),
    isOn: () => isOn,
    // The log says it to screen readers.
    tell(text) {
      told.textContent = text;
    },
    // Anything else that the reader asks for is answered in the same way, and is no act.
    asked(line) {
      if (!LOOKS.test(line)) isOn = LINES.includes(line);
    },
  };
}
